"""`aiollm run`: a file of requests, stopped in every way, and taken up again."""

import json
import random
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aiollm.testing import ProviderServer, reply, stall, status
from tests.cli.conftest import DEADLINE, Output, Run, Terminal

Start = Callable[..., subprocess.Popen[bytes]]
OpenTerminal = Callable[..., Terminal]

USAGE = {"prompt_tokens": 10, "completion_tokens": 5}


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(f"{json.dumps(f'prompt {number}')}\n" for number in range(40)))
    return path


def running(server: ProviderServer, requests: Path, answers: Path, *more: str) -> tuple[str, ...]:
    """The arguments of a run against a scripted provider that needs no key."""
    place = ("-m", "hosted_vllm/scripted", "--api-base", server.base_url)
    return ("run", str(requests), "-o", str(answers), *place, "--concurrency", "4", *more)


def answered(answers: Path) -> list[str]:
    """The keys that a file has an answer for."""
    if answers.suffix == ".jsonl":
        lines = map(json.loads, answers.read_text().splitlines())
        return [line["custom_id"] for line in lines if line["error"] is None and line["response"]["status_code"] == 200]
    connection = sqlite3.connect(answers)
    try:
        return [key for (key,) in connection.execute("SELECT key FROM results WHERE answered")]
    finally:
        connection.close()


def test_every_request_gets_a_line(server: ProviderServer, requests: Path, run_here: Run) -> None:
    server.reply("Fine.", usage=USAGE)
    answers = requests.with_name("out.jsonl")
    result = run_here(*running(server, requests, answers))
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith("complete: 40 done, 0 failed, 400 + 200 tokens, ")
    assert len({*answered(answers)}) == len(server.log) == 40
    again = run_here(*running(server, requests, answers))
    assert (again.returncode, len(server.log)) == (0, 40)
    assert again.stderr.startswith("complete: 0 done, 0 failed, 40 from an earlier run")


def test_a_failed_request_is_told_in_the_exit_code(server: ProviderServer, requests: Path, run_here: Run) -> None:
    server.enqueue(status(400))
    result = run_here(*running(server, requests, requests.with_name("out.sqlite"), "--retries", "0"))
    assert result.returncode == 1
    assert "39 done, 1 failed, (1 BadRequestError)" in result.stderr
    assert "the first that failed: hosted_vllm answered 400" in result.stderr


def test_a_budget_ends_the_run(server: ProviderServer, requests: Path, run_here: Run) -> None:
    server.reply("Fine.", usage=USAGE)
    more = ("--budget-tokens", "200", "--max-tokens", "100")
    result = run_here(*running(server, requests, requests.with_name("out.jsonl"), *more))
    assert (result.returncode, result.stderr.partition(":")[0]) == (1, "budget")
    assert 0 < 15 * len(server.log) <= 200


def test_a_dry_run_sends_nothing(server: ProviderServer, requests: Path, run_here: Run) -> None:
    place = ("-m", "hosted_vllm/scripted", "--api-base", server.base_url)
    result = run_here("run", str(requests), "--dry-run", "--max-tokens", "100", *place)
    assert (result.returncode, server.log) == (0, [])
    assert re.match(r"40 requests, about \d+ prompt tokens, at most 4,\d+ tokens", result.stdout)


@pytest.mark.parametrize(
    ("output", "message"),
    [((), "where to?"), (("-o", "in.jsonl"), "need a file of their own"), (("-o", "out.txt"), "files named")],
)
def test_wrong_usage_is_explained(
    output: tuple[str, ...], message: str, requests: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(requests.parent)
    place = ("-m", "hosted_vllm/scripted", "--api-base", "http://127.0.0.1:9/v1")
    result = run_here("run", "in.jsonl", *output, *place)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize("name", ["out.jsonl", "out.sqlite"])
def test_killed_at_any_moment_it_goes_on_and_pays_for_no_answer_twice(
    name: str, server: ProviderServer, requests: Path, start: Start
) -> None:
    server.script([stall(0.02), reply("Fine.", usage=USAGE)])
    answers = requests.with_name(name)
    asked = 0
    for _ in range(2):
        more, pause = random.randint(4, 14), random.uniform(0, 0.04)
        process = start(*running(server, requests, answers))
        server.run(server.wait_for(lambda at=asked + more: len(server.log) >= at, DEADLINE))  # type: ignore[misc]
        time.sleep(pause)  # into an answer, a line, a transaction
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE)
        asked = len(server.log)
    process = start(*running(server, requests, answers))
    assert process.wait(DEADLINE) == 0
    assert len(answered(answers)) == len({*answered(answers)}) == 40
    prompts = [request.json["messages"][0]["content"] for request in server.log]
    assert {*prompts} == {f"prompt {number}" for number in range(40)}
    assert len(prompts) <= 40 + 2 * 4  # what was under way each time, four at the most


def test_the_first_ctrl_c_lets_what_is_under_way_end(
    server: ProviderServer, requests: Path, open_terminal: OpenTerminal
) -> None:
    server.script([stall(0.5), reply("Fine.", usage=USAGE)])
    answers = requests.with_name("out.jsonl")
    terminal = open_terminal(*running(server, requests, answers))
    server.run(server.wait_for(lambda: len(server.log) == 4, DEADLINE))
    terminal.type("\x03")
    assert "stopping: 4 under way get 30 s to end" in terminal.output.until("cuts them off")
    assert "stopped: 4 done, 0 failed" in terminal.output.rest()
    assert terminal.wait() == 130
    assert len(answered(answers)) == len(server.log) == 4


@pytest.mark.parametrize(("more", "presses"), [((), 2), (("--drain", "0.1"), 1)])
def test_the_second_ctrl_c_or_the_deadline_cuts_off_what_is_under_way(
    more: tuple[str, ...], presses: int, server: ProviderServer, requests: Path, start: Start
) -> None:
    server.enqueue(reply("first"))
    server.script(stall())
    answers = requests.with_name("out.jsonl")
    process = start(*running(server, requests, answers, *more))
    server.run(server.wait_for(lambda: len(server.log) == 5, DEADLINE))
    assert process.stderr is not None
    stderr = Output(process.stderr.fileno())
    process.send_signal(signal.SIGINT)
    stderr.until("stopping: 4 under way")
    if presses == 2:
        process.send_signal(signal.SIGINT)
    assert "stopped: 1 done, 0 failed, 4 cut off" in stderr.rest()
    assert process.wait(DEADLINE) == 130
    assert len(answered(answers)) == 1
