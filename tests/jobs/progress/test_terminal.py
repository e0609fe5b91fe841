"""A job on a real terminal."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from select import select
from typing import Self

import pytest

from aiollm.jobs.progress import terminal
from aiollm.jobs.progress.log import Log
from aiollm.jobs.progress.progress import display_for
from aiollm.jobs.progress.terminal import Bar, Line
from tests.jobs.progress.summaries import GOING_ON, summary

pytest.importorskip("rich")
pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs terminals")

MARKS = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


class Screen:
    """A terminal that is stdout and stderr within the block, and what was written to it after that."""

    written = ""

    def __enter__(self) -> Self:
        self._outer, inner = os.openpty()
        self._stream = os.fdopen(inner, "w", encoding="utf-8", buffering=1)
        self._places = ExitStack()
        self._places.enter_context(redirect_stdout(self._stream))
        self._places.enter_context(redirect_stderr(self._stream))
        return self

    def __exit__(self, *error: object) -> None:
        self._places.close()
        self._stream.flush()
        written = b""
        while select([self._outer], [], [], 0)[0]:
            written += os.read(self._outer, 65536)
        self.written = written.decode()
        self._stream.close()
        os.close(self._outer)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return Screen()


def words(written: str) -> list[str]:
    """The lines that were written, without colours and movements."""
    return [line.strip() for line in MARKS.sub("", written).replace("\r", "\n").split("\n") if line.strip()]


def test_a_bar_shows_the_figures_and_what_is_printed_stands_above(screen: Screen) -> None:
    with screen:
        bar = display_for(None)
        assert isinstance(bar, Bar)
        bar.show(summary(**GOING_ON))
        print("a result")
        bar.end(summary(**GOING_ON | {"done": 4_947, "reason": "complete"}))
    shown = words(screen.written)
    assert "1,250 of 5,000 answered" in shown[0]
    assert shown[1].startswith("3 failed, 64 at a time, 2 throttled, 3,000 tokens/s")
    assert shown.index("a result") < len(shown) - 2
    assert "4,997 of 5,000 answered" in shown[-2]


def test_a_job_without_a_length_has_a_bar_too(screen: Screen) -> None:
    with screen:
        bar = Bar()
        bar.show(summary(done=5))
        bar.end(summary(done=7, reason="complete"))
    shown = words(screen.written)
    assert (shown[0][-10:], shown[-2][-10:]) == ("5 answered", "7 answered")


def test_a_job_that_ends_at_once_shows_nothing(screen: Screen) -> None:
    with screen:
        Bar().end(summary(reason="complete"))
        print("nothing but this")
    assert screen.written == "nothing but this\r\n"


def test_without_rich_a_line_is_rewritten_and_taken_away(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "find_spec", lambda name: None)
    with screen:
        line = display_for(True)
        assert isinstance(line, Line)
        line.show(summary(**GOING_ON))
        line.end(summary(**GOING_ON))
    assert re.fullmatch(r"\r\x1b\[2K1,250 of 5,000 answered, .* left\r\x1b\[2K", screen.written)


def test_without_rich_a_terminal_is_left_to_the_program(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "find_spec", lambda name: None)
    with screen:
        assert isinstance(display_for(None), Log)
