"""The load of the gateways' benchmark reads answers rightly, and its page says of a run what was measured."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from aiollm.testing import ProviderServer, reply, status
from benchmarks import payload
from benchmarks.proxy.gateways import GATEWAYS
from benchmarks.proxy.line import Answer, AnswerError, connect, request
from benchmarks.proxy.promises import PROMISES
from benchmarks.proxy.report import page
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


def test_a_case_that_failed_says_why() -> None:
    told = run(**{"whole.cpu_us": 200})
    told["records"].append({"gateway": "litellm", "round": 1, "failure": "it ended with status 1"})
    told["records"].append({"gateway": "relay", "round": 1, "result": {"blast": {"failure": "500 Server Error"}}})
    text = page(told)
    assert "| litellm | start | it ended with status 1 |" in text
    assert "| relay | blast | 500 Server Error |" in text


def test_the_page_is_that_of_the_run() -> None:
    kept = json.loads((RESULTS / "proxy.json").read_text(encoding="utf-8"))
    assert {record["gateway"] for record in kept["records"]} == {"direct", *GATEWAYS}
    assert page(kept) == (RESULTS / "proxy.md").read_text(encoding="utf-8")
