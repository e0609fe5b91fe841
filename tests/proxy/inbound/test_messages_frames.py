"""Chat chunks as Anthropic's typed events."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

from aiollm import exceptions as e
from aiollm.dialects.anthropic import Anthropic
from aiollm.proxy.inbound.failure import failure_of
from aiollm.proxy.inbound.messages_frames import MessageFrames
from tests.dialects.reading import read
from tests.dialects.test_anthropic_stream import begin, end, opened, text, thinking
from tests.dialects.test_anthropic_stream import call as claude_call
from tests.outbound.test_chat_frames import STREAMS
from tests.proxy.inbound.answers import ASKED, call, content, names, payloads, read_again, streamed, written

EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
CLAUDE = Anthropic()


@pytest.mark.parametrize("deltas", STREAMS.values(), ids=STREAMS)
def test_a_stream_that_is_written_says_what_was_read(deltas: list[Any]) -> None:
    chunks = streamed(*deltas, finish="tool_calls" if "tool_calls" in deltas[-1] else "stop")
    assert content(read_again(written(MessageFrames(ASKED), chunks), CLAUDE)) == content(chunks)


@pytest.mark.parametrize("deltas", STREAMS.values(), ids=STREAMS)
def test_every_event_is_one_of_anthropics(deltas: list[Any]) -> None:
    data = written(MessageFrames(ASKED), streamed(*deltas))
    told = payloads(data)
    assert [one["type"] for one in told] == names(data)
    for one in told:
        EVENTS.validate_python(one)


def test_blocks_are_opened_grown_and_closed_in_order() -> None:
    deltas = [{"reasoning_content": "r"}, {"content": "a"}, {"content": "b"}, *call(0, "f", "{}")]
    data = written(MessageFrames(ASKED), streamed(*deltas, finish="tool_calls"))
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert names(data) == [
        "message_start",
        *block,
        *block[:2],
        *block[1:],
        *block,
        "message_delta",
        "message_stop",
    ]
    assert [one["index"] for one in payloads(data) if one["type"] == "content_block_start"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), ("tool_calls", "tool_use")],
)
def test_the_end_has_its_reason_and_its_usage(finish: str, reason: str) -> None:
    deltas = call(0, "f", "{}") if finish == "tool_calls" else [{"content": "a"}]
    told = payloads(written(MessageFrames(ASKED), streamed(*deltas, finish=finish)))
    assert told[-2]["delta"] == {"stop_reason": reason, "stop_sequence": None}
    assert (told[-2]["usage"]["input_tokens"], told[-2]["usage"]["output_tokens"]) == (7, 5)
    assert told[-1] == {"type": "message_stop"}


def test_claudes_thinking_keeps_its_signature() -> None:
    sealed = opened(1, "redacted_thinking", data="xx")
    stop = b'event: content_block_stop\ndata: {"type": "content_block_stop", "index": 1}\n\n'
    reply = begin() + thinking(0, "a", "b", signature="c2ln") + sealed + stop + text(2, "t") + end("end_turn")
    chunks = read([reply], dialect=CLAUDE).chunks
    again = read_again(written(MessageFrames(ASKED), chunks), CLAUDE)
    blocks = [block for chunk in again for choice in chunk.choices for block in choice.delta.thinking_blocks or ()]
    assert "".join(block.get("thinking", "") for block in blocks) == "ab"
    assert [block["signature"] for block in blocks if block.get("signature")] == ["c2ln"]
    assert [block["data"] for block in blocks if block["type"] == "redacted_thinking"] == ["xx"]


def test_the_sequence_that_stopped_the_answer_is_told() -> None:
    reply = begin() + text(0, "a") + end("stop_sequence", stop_sequence="END")
    told = payloads(written(MessageFrames(ASKED), read([reply], dialect=CLAUDE).chunks))
    assert told[-2]["delta"]["stop_sequence"] == "END"


def test_a_refusal_is_text() -> None:
    assert content(read_again(written(MessageFrames(ASKED), streamed({"refusal": "no"})), CLAUDE))["text"] == "no"


def test_calls_whose_pieces_are_mixed_are_an_error_and_no_wrong_call() -> None:
    pieces = [*call(0, "f", "{"), *call(1, "g", "{}"), {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}]
    with pytest.raises(e.APIResponseValidationError, match="the pieces of two tool calls came mixed"):
        written(MessageFrames(ASKED), streamed(*pieces, finish="tool_calls"))


def test_a_stream_that_breaks_off_ends_in_an_error_and_does_not_stop() -> None:
    writer = MessageFrames(ASKED)
    data = written(writer, streamed({"content": "a"}, finish=None), ends=False)
    data += writer.fail(failure_of(e.OverloadedError("busy", request_id="r")))
    assert "message_stop" not in names(data)
    told = payloads(data)[-1]
    assert told["error"] == {
        "type": "overloaded_error",
        "message": "busy",
        "code": "upstream_overloaded",
        "retryable": True,
    }
    assert isinstance(read([data], dialect=CLAUDE).error, e.OverloadedError)


def test_a_heartbeat_is_a_ping() -> None:
    assert names(MessageFrames.heartbeat) == ["ping"]


def test_the_call_of_another_format_is_written_as_it_was() -> None:
    reply = begin() + claude_call(0, '{"x":', "1}") + end("tool_use")
    chunks = read([reply], dialect=CLAUDE).chunks
    assert content(read_again(written(MessageFrames(ASKED), chunks), CLAUDE)) == content(chunks)
