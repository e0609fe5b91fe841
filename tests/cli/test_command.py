import subprocess
from pathlib import Path

import pytest

import aiollm
from aiollm.cli import main
from aiollm.testing import ProviderServer
from tests.cli.conftest import Run, asking, command, run
from tests.programs import environment, python

FULL = Path("/dev/full")


def test_version_is_one_line() -> None:
    result = run("--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"aiollm {aiollm.__version__}\n", "")


def test_asking_for_the_version_reads_no_catalogue_and_starts_no_thread() -> None:
    script = (
        "import sys, threading, aiollm.cli\n"
        "try: aiollm.cli.main(['--version'])\n"
        "except SystemExit: pass\n"
        "assert threading.active_count() == 1\n"
        "print(*sorted({'tomllib', 'readline', 'importlib.metadata', 'aiohttp.web'} & {*sys.modules}))"
    )
    result = python("-c", script)
    assert result.stdout == f"aiollm {aiollm.__version__}\n\n"


@pytest.mark.parametrize("arguments", [["--help"], ["chat", "--help"], ["doctor", "--help"]])
def test_help_has_examples(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert "examples:\n  aiollm " in capsys.readouterr().out


def test_no_command_at_all_is_wrong_usage_and_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "chat" in err and "doctor" in err  # noqa: PT018


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["talk"], "talk"),
        (["chat", "--max-tokens", "0", "hi"], "'0' is not a whole number from 1"),
        (["chat", "--max-tokens", "many", "hi"], "'many' is not a whole number from 1"),
        (["chat", "--temperature", "nan", "hi"], "'nan' is not a number from 0"),
        (["chat", "--temperature", "warm", "hi"], "'warm' is not a number from 0"),
        (["chat", "--nonsense"], "--nonsense"),
    ],
)
def test_wrong_usage_is_code_2_and_names_the_fault(
    arguments: list[str], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert fault in capsys.readouterr().err


def test_debug_shows_the_traceback_and_then_the_line(run_here: Run) -> None:
    lines = run_here("chat", "--debug", "-m", "nowhere/x", "hi").stderr.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1].startswith("aiollm: unknown provider 'nowhere'")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(server: ProviderServer) -> None:
    with FULL.open("wb") as full:
        result = subprocess.run(
            command(*asking(server, "hi")), env=environment(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert result.returncode == 1
    assert result.stderr.decode() == "aiollm: [Errno 28] No space left on device\n"
