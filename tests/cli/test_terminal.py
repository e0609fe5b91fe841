import io
import sys

import pytest

from aiollm.cli.terminal import complain, is_terminal, never_fail_on_a_character, printable, say
from aiollm.exceptions import NotFoundError


def test_a_terminal_sees_no_control_characters_but_new_lines_and_tabs() -> None:
    assert printable("a\x1b]52;c;x\x07b\x9bc\r\n\td é 🙂") == "a\ufffd]52;c;x\ufffdb\ufffdc\n\td é 🙂"


def test_what_is_said_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say("two\nlines \x1b[31m")
    assert capsys.readouterr() == ("", "two lines \ufffd[31m\n")


def test_an_error_is_its_message_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    complain(NotFoundError("no such model", hint="try another"), debug=False)
    assert capsys.readouterr().err == "aiollm: no such model (try another)\n"


def test_an_error_nobody_expected_has_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    complain(KeyError("x"), debug=False)
    assert capsys.readouterr().err == "aiollm: KeyError: 'x' (--debug shows where)\n"


def test_debug_shows_the_traceback_first(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise NotFoundError("gone")
    except NotFoundError as error:
        complain(error, debug=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1] == "aiollm: gone"


def test_a_closed_stderr_keeps_stdout_clean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    complain(NotFoundError("gone"), debug=True)
    assert capsys.readouterr().out == ""
    assert not is_terminal(sys.stderr)


def test_a_character_the_encoding_lacks_becomes_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    never_fail_on_a_character()
    print("é!", file=narrow, flush=True)
    assert narrow.buffer.getvalue() == b"?!\n"  # type: ignore[attr-defined]
