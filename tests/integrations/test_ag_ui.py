"""A run of AG-UI: every event is one of the protocol's own types, and the client's rules for their order hold."""

from __future__ import annotations

from typing import Any

import pytest
from ag_ui.core import Event
from pydantic import TypeAdapter

from aiollm.exceptions import StreamInterrupted
from aiollm.integrations.ag_ui import AGUIEvents
from aiollm.outbound.failure import failure_of
from aiollm.types.chunk import ModelResponseStream
from tests.proxy.inbound.answers import call, payloads, streamed, written

EVENT: TypeAdapter[Any] = TypeAdapter(Event)
STREAMS: dict[str, list[Any]] = {
    "nothing": [],
    "text": [{"content": "Hel"}, {"content": "lo 🎉\n"}],
    "reasoning": [{"reasoning_content": "hm"}, {"content": "a"}],
    "calls": [*call(0, "f", '{"a"', ":1}"), *call(1, "g", "{}")],
    "all": [{"reasoning_content": "r"}, {"content": "t"}, *call(0, "f", "{}"), {"content": "u"}],
}
PAIRS = {
    "TEXT_MESSAGE_START": "TEXT_MESSAGE_END",
    "REASONING_START": "REASONING_END",
    "REASONING_MESSAGE_START": "REASONING_MESSAGE_END",
    "TOOL_CALL_START": "TOOL_CALL_END",
}


def run() -> AGUIEvents:
    return AGUIEvents("thread-1", "run-1")


def events(data: bytes) -> list[Any]:
    """Return the events, each of which is what the protocol says it is, and nothing beside."""
    told = payloads(data)
    for payload in told:
        event = EVENT.validate_python(payload)
        assert event.model_dump(mode="json", by_alias=True, exclude_none=True) == payload
    return told


@pytest.mark.parametrize("deltas", STREAMS.values(), ids=STREAMS)
def test_a_run_begins_and_ends_and_so_does_all_within_it(deltas: list[Any]) -> None:
    told = events(written(run(), streamed(*deltas)))
    kinds = [event["type"] for event in told]
    assert (kinds[0], kinds[-1]) == ("RUN_STARTED", "RUN_FINISHED")
    open_parts: dict[tuple[str, str], None] = {}
    for event in told[1:-1]:
        name = event.get("messageId") or event["toolCallId"]
        if event["type"] in PAIRS:
            open_parts[PAIRS[event["type"]], name] = None
        elif event["type"] in PAIRS.values():
            del open_parts[event["type"], name]
        else:
            assert any(name == other for _, other in open_parts)
    assert not open_parts
    text = "".join(event["delta"] for event in told if event["type"] == "TEXT_MESSAGE_CONTENT")
    assert text == "".join(delta.get("content") or "" for delta in deltas)


def test_the_end_tells_the_finish_reason_and_the_tokens() -> None:
    end = events(written(run(), streamed({"content": "t"}, finish="length")))[-1]
    assert (end["threadId"], end["runId"], end["result"]) == ("thread-1", "run-1", {"finishReason": "length"})
    assert end["usage"] == [{"inputTokens": 7, "outputTokens": 5, "totalTokens": 12}]


def test_a_call_has_its_arguments_and_the_message_before_it() -> None:
    told = events(written(run(), streamed({"content": "t"}, *call(0, "f", '{"a"', ":1}"))))
    start = next(event for event in told if event["type"] == "TOOL_CALL_START")
    message = next(event for event in told if event["type"] == "TEXT_MESSAGE_START")
    assert (start["toolCallName"], start["parentMessageId"]) == ("f", message["messageId"])
    assert "".join(event["delta"] for event in told if event["type"] == "TOOL_CALL_ARGS") == '{"a":1}'


@pytest.mark.parametrize("deltas", [[], [{"content": "t"}]], ids=["before the first content", "midway"])
def test_an_error_ends_a_run_that_has_begun(deltas: list[Any]) -> None:
    writer = run()
    chunks = streamed(*deltas, finish=None) if deltas else []
    failure = failure_of(StreamInterrupted("reset by 10.1.2.3"))
    told = events(written(writer, chunks, ends=False) + writer.fail(failure))
    assert told[0]["type"] == "RUN_STARTED"
    assert (told[-1]["type"], told[-1]["code"]) == ("RUN_ERROR", "upstream_interrupted")
    assert "10.1.2.3" not in told[-1]["message"]


def test_an_answer_that_begins_anew_says_so_between_two_messages() -> None:
    recovery = ModelResponseStream(recovery={"action": "restart", "attempt": 2})
    first = streamed({"content": "half"}, finish=None, usage=None)
    told = events(written(run(), [*first, recovery, *streamed({"content": "whole"})]))
    kinds = [event["type"] for event in told]
    again = kinds.index("CUSTOM")
    assert told[again]["name"] == "recovery"
    assert kinds[again - 1 : again + 2] == ["TEXT_MESSAGE_END", "CUSTOM", "TEXT_MESSAGE_START"]
    assert told[again - 1]["messageId"] != told[again + 1]["messageId"]


def test_a_run_that_fails_after_it_was_counted_tells_the_tokens() -> None:
    writer = run()
    data = written(writer, streamed({"content": "t"}), ends=False) + writer.fail(failure_of(StreamInterrupted("reset")))
    assert events(data)[-1]["usage"] == [{"inputTokens": 7, "outputTokens": 5, "totalTokens": 12}]
