"""The load of the gateways' benchmark reads answers rightly, and its page says of a run what was measured."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from aiollm.testing import ProviderServer, reply, status
from benchmarks import payload
from benchmarks.proxy.gateways import GATEWAYS
from benchmarks.proxy.line import Answer, AnswerError, connect, request
from benchmarks.proxy.load import Target
from benchmarks.proxy.process import started
from benchmarks.proxy.promises import PROMISES
from benchmarks.proxy.report import page
from benchmarks.proxy.running import Running
from tests import ROOT

RESULTS = ROOT / "benchmarks" / "results"

FRAMES = 12
STAMP = 1234.5


def streamed(framing: payload.Framing) -> bytes:
    """An answer as the benchmark's upstream sends it."""
    head = payload.stream_head(FRAMES, framing) + payload.opening_event(framing)
    return head + payload.content_template(framing) % STAMP * FRAMES + payload.closing_events(FRAMES, framing)


@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize("size", [1, 7, 300, 100_000])
def test_frames_are_counted_however_they_are_cut(framing: payload.Framing, size: int) -> None:
    data, answer = streamed(framing), Answer(stamped=True)
    for start in range(0, len(data), size):
        assert not answer.ended
        answer.feed(data[start : start + size])
    assert answer.ended
    assert answer.frames == FRAMES
    assert [*answer.stamped] == [STAMP] * FRAMES


@pytest.mark.parametrize("size", [3, 50, 211])
@pytest.mark.parametrize("read", [1, 7, 100_000])
def test_frames_are_counted_whatever_chunks_they_are_in(size: int, read: int) -> None:
    body = streamed("length").partition(b"\r\n\r\n")[2]
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    cut = [body[start : start + size] for start in range(0, len(body), size)]
    data = head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in cut) + b"0\r\n\r\n"
    answer = Answer(stamped=True)
    for start in range(0, len(data), read):
        answer.feed(data[start : start + read])
    assert (answer.frames, answer.ended, answer.marked) == (FRAMES, True, True)
    assert [*answer.stamped] == [STAMP] * FRAMES


def test_a_refusal_is_no_answer() -> None:
    with pytest.raises(AnswerError, match="429"):
        Answer(stamped=False).feed(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n")


async def test_a_connection_takes_one_request_after_the_other() -> None:
    asked = [request("any", "sk-x", {}, stream=stream, path="/v1/chat/completions") for stream in (False, True)]
    async with ProviderServer() as server:
        server.script(reply("one two three"))
        line = await connect(server.port)
        whole, stream = [await line.ask(one) for one in asked]
        assert (whole.frames, stream.frames, stream.marked) == (1, 3, True)
        server.script(status(500))
        with pytest.raises(AnswerError, match="500"):
            await line.ask(asked[0])
        line.close()
        await asyncio.sleep(0)
    assert {logged.connection for logged in server.log} == {0}


def run(**ours: float) -> dict[str, Any]:
    """A run of one round, in which the relay costs 100 of everything, and LiteLLM's proxy 10,000."""
    names = {promise.figure for promise in PROMISES}
    costs = {"direct": 0.0, "relay": 100.0, "litellm": 10_000.0}
    records = [
        {"gateway": name, "round": 0, "result": nested(dict.fromkeys(names, cost))} for name, cost in costs.items()
    ]
    records.append({"gateway": "aiollm", "round": 0, "result": nested(ours)})
    machine = {"processor": "p", "cores": 2, "memory_gb": 4, "system": "s", "python": "3"}
    gateways = ["relay", "aiollm", "litellm"]
    setting = {"command": "c", "date": "d", "minutes": 1, "machine": machine, "load": {"before": 1, "after": 2}}
    setting["method"] = ["One after the other."]
    return {**setting, "gateways": gateways, "versions": {name: {name: "1"} for name in gateways}, "records": records}


def nested(figures: dict[str, float]) -> dict[str, dict[str, float]]:
    result: dict[str, dict[str, float]] = {}
    for figure, value in figures.items():
        case, _, name = figure.partition(".")
        result.setdefault(case, {})[name] = value
    return result


def test_a_promise_is_kept_up_to_its_number() -> None:
    text = page(run(**{"whole.cpu_us": 200, "start.seconds": 0.6}))
    assert "| processor time of a request | 2.00 x the relay | ≤ 2.00 x the relay | kept |" in text
    assert "| a request through LiteLLM's proxy | 50 x ours | ≥ 25 x ours | kept |" in text
    assert "| from the start to the first answer | 0.60 s | ≤ 0.60 s | kept |" in text


def test_a_promise_that_is_not_kept_is_told_and_one_that_was_not_measured_is_not() -> None:
    text = page(run(**{"whole.cpu_us": 500, "first.p50_ms": 1.5}))
    assert "| processor time of a request | 5.00 x the relay | ≤ 2.00 x the relay | not kept |" in text
    assert "| a request through LiteLLM's proxy | 20 x ours | ≥ 25 x ours | not kept |" in text
    assert "| added to the first token | 1.50 ms | ≤ 1.00 ms | not kept |" in text
    assert "memory idle |" not in text


def test_a_ratio_is_made_within_a_round_and_told_with_its_quartiles() -> None:
    told = run()
    told["records"] = [
        {"gateway": name, "round": number, "result": {"whole": {"cpu_us": cost}}}
        for number, costs in enumerate([(100, 150), (200, 400), (50, 125), (1_000, None)])
        for name, cost in zip(["relay", "aiollm"], costs, strict=True)
        if cost is not None
    ]
    text = page(told)
    assert "| processor time of a request | 2.00 (1.75 to 2.25) x the relay | ≤ 2.00 x the relay | kept |" in text


def test_a_case_that_failed_says_why() -> None:
    told = run(**{"whole.cpu_us": 200})
    told["records"].append({"gateway": "litellm", "round": 1, "failure": "it ended with status 1"})
    told["records"].append({"gateway": "relay", "round": 1, "result": {"blast": {"failure": "500 Server Error"}}})
    text = page(told)
    assert "| litellm | start | it ended with status 1 |" in text
    assert "| relay | blast | 500 Server Error |" in text


def test_a_gateway_whose_turn_it_is_not_stands_still() -> None:
    def state() -> str:
        return Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]

    def told() -> str:
        """What the kernel says of the process once it has stopped or gone on."""
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WCONTINUED)
        return state()

    busy = [sys.executable, "-c", "while True: pass"]
    with started(busy, ROOT, {}) as process:
        gateway = Running(Target(0, "sk-x", {}, process.pid))
        gateway.rest()
        assert told() == "T"
        spent = gateway.target.cpu_seconds()
        with gateway.turn():
            assert told() != "T"
        assert gateway.target.cpu_seconds() >= spent > 0
    assert process.returncode


def test_the_page_is_that_of_the_run() -> None:
    kept = json.loads((RESULTS / "proxy.json").read_text(encoding="utf-8"))
    assert {record["gateway"] for record in kept["records"]} == {"direct", *GATEWAYS}
    assert page(kept) == (RESULTS / "proxy.md").read_text(encoding="utf-8")
