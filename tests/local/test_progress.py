import os
import pty

import pytest

from aiollm.local.progress import ProgressLine


def test_a_terminal_sees_one_line_that_is_rewritten_and_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal, os.fdopen(master, "rb", 0) as screen:
        monkeypatch.setattr("sys.stderr", terminal)
        line = ProgressLine("loading smollm2 ...")
        line.show(0.0)
        line.show(0.84)
        line.clear()
        seen = b""
        while not seen.endswith(b"\x1b[K"):
            seen += screen.read(1000)
        assert seen == b"\rloading smollm2 ... 0.0 s\rloading smollm2 ... 0.8 s\r\x1b[K"


def test_a_file_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    line = ProgressLine("loading smollm2 ...")
    line.show(0.5)
    line.clear()
    assert capsys.readouterr() == ("", "")


def test_a_process_without_stderr_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    line = ProgressLine("loading smollm2 ...")
    line.show(0.5)
    line.clear()
