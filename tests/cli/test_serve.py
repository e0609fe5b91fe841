"""The command that serves: `aiollm serve`, and `aiollm --config`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import DEADLINE, Output, Run
from tests.services.redis import RedisServer

CONFIG = """
model_list:
  - model_name: fast
    litellm_params: {{model: openai/gpt-4o-mini, api_key: none, mock_response: {answer}}}
general_settings:
  master_key: sk-master
"""
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(answer="Hello"))
    return path


def served(process: subprocess.Popen[bytes]) -> tuple[str, Output]:
    """Return the address, once it is told, and the rest of what is written on stderr."""
    assert process.stderr is not None
    output = Output(process.stderr.fileno())
    found = re.search(r"on (http://\S+?)[; ]", output.until("try it"))
    assert found is not None
    return found[1], output


def posted(url: str, key: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Return the status and the answer to a request, over a connection of its own."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def asked(url: str, key: str = "sk-master") -> tuple[int, Any]:
    body = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}
    return posted(f"{url}/v1/chat/completions", key, body)


def answer(url: str) -> str:
    text: str = asked(url)[1]["choices"][0]["message"]["content"]
    return text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(start: Start, config: Path, number: signal.Signals) -> None:
    process = start("--config", str(config), "--port", "0")
    url, _ = served(process)
    assert answer(url) == "Hello"
    process.send_signal(number)
    assert process.wait(DEADLINE) == 0
    assert config.with_suffix(".sqlite").exists()


@pytest.mark.slow
def test_workers_share_a_port_and_take_over_another_configuration(start: Start, config: Path) -> None:
    process = start("serve", "--config", str(config), "--port", "0", "--workers", "2")
    url, output = served(process)
    assert {answer(url) for _ in range(8)} == {"Hello"}
    config.write_text(CONFIG.format(answer="Changed"))
    process.send_signal(signal.SIGHUP)
    output.until("is taken over")
    output.until("is taken over")
    assert {answer(url) for _ in range(8)} == {"Changed"}
    process.terminate()
    assert process.wait(DEADLINE) == 0


@pytest.mark.slow
def test_each_worker_tells_the_metrics_of_all(start: Start, config: Path) -> None:
    process = start("serve", "--config", str(config), "--port", "0", "--workers", "2")
    url, _ = served(process)
    for _ in range(8):
        answer(url)
    until = time.monotonic() + DEADLINE
    while (told := {counted(url) for _ in range(8)}) != {8} and time.monotonic() < until:
        pass  # they count what they share once a second
    assert told == {8}
    process.terminate()
    assert process.wait(DEADLINE) == 0


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False], ids=["over Redis", "each its share"])
def test_workers_never_let_more_in_together_than_the_limit_of_a_key(
    start: Start, config: Path, redis_server: RedisServer, shared: bool
) -> None:
    """Over Redis they let all of it in, wherever the connections go."""
    if shared:
        config.write_text(config.read_text() + f"router_settings:\n  redis_url: {redis_server.url}\n")
    process = start("serve", "--config", str(config), "--port", "0", "--workers", "2")
    url, _ = served(process)
    status, made = posted(f"{url}/key/generate", "sk-master", {"rpm_limit": 5})
    assert status == 200
    told: list[int] = []
    while 401 in told[-8:] or len(told) < 24:  # a worker learns of a key within a second
        told.append(asked(url, made["key"])[0])
    assert (told.count(200) == 5) if shared else (1 <= told.count(200) <= 5)
    assert 429 in told  # the last may still find room, at a worker that few connections went to
    process.terminate()
    assert process.wait(DEADLINE) == 0


def counted(url: str) -> float:
    """Return how many calls there were, as Prometheus reads it."""
    request = urllib.request.Request(f"{url}/metrics", headers={"authorization": "Bearer sk-master"})
    with urllib.request.urlopen(request, timeout=DEADLINE) as reply:
        lines = reply.read().decode().splitlines()
    return sum(
        float(line.split()[-1]) for line in lines if line.startswith("litellm_proxy_total_requests_metric_total")
    )


@pytest.mark.slow
def test_a_worker_that_fails_is_started_again_and_all_end_with_their_parent(start: Start, config: Path) -> None:
    process = start("serve", "--config", str(config), "--port", "0", "--workers", "2")
    url, output = served(process)
    first = children(process.pid)
    assert len(first) == 2
    subprocess.run(["kill", "-9", str(first[0])], check=True)
    output.until("another is started")
    assert answer(url) == "Hello"
    process.kill()
    for worker in {*first[1:], *children(process.pid)}:
        wait_for_end(worker)


def children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(number) for number in text.split()]


def wait_for_end(process: int) -> None:
    subprocess.run(["tail", "-f", "/dev/null", f"--pid={process}"], timeout=DEADLINE, check=True)


def test_it_lets_nobody_in_from_other_machines_without_a_key(run_here: Run, tmp_path: Path) -> None:
    path = tmp_path / "open.yaml"
    path.write_text("model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: x}}]\n")
    done = run_here("serve", "--config", str(path), "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "master_key" in done.stderr


def test_a_configuration_with_faults_is_refused_with_all_of_them(run_here: Run, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("general_settings:\n  max_request_size_mb: -1\n  max_parallel_requests: many\n")
    done = run_here("--config", str(path))
    assert done.returncode == 1
    assert "config.yaml:2" in done.stderr
    assert "config.yaml:3" in done.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_misuse(run_here: Run, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_here("serve", "--port", port)
    assert ended.value.code == 2
    assert "is not a port" in capsys.readouterr().err
