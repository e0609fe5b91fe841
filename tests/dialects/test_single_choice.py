"""Chunks of an answer with one choice, made by a decoder of a format as simple as can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.single_choice import SingleChoiceDecoder, whole_answer
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame
from tests.dialects.reading import MODEL, NOW, context, request


class Simple(SingleChoiceDecoder):
    """An event is an object: `text`, `thought`, `call`, `usage`, `error` and `end`, each if it is there."""

    def _events(self, frame: Frame) -> Iterator[ModelResponseStream]:
        event = self._object(frame.data)
        if "error" in event:
            raise self._error(event)
        if chunk := self._plain(event.get("text", ""), event.get("thought", "")):
            yield chunk
        if "call" in event:
            yield self._call(event["call"])
        if "usage" in event:
            self.usage = Usage(**event["usage"])
        if "end" in event:
            yield self._finish(event["end"], took=3)
            self.done = True
            yield from self._end()


def decoder(**asked: Any) -> Simple:
    wanted = request(**asked)
    return Simple(wanted, context(wanted))


def fed(reader: Simple, *events: bytes) -> list[ModelResponseStream]:
    return [chunk for event in events for chunk in reader.feed(Frame("", event))]


def test_the_role_comes_once_and_all_chunks_share_their_head() -> None:
    chunks = fed(decoder(), b'{"text": "a"}', b'{"text": "b", "thought": "t"}', b'{"end": "eos"}')
    assert [chunk.choices[0].delta.role for chunk in chunks] == ["assistant", None, None]
    assert {(chunk.id, chunk.created, chunk.model) for chunk in chunks} == {("chatcmpl-id1", NOW, MODEL)}
    assert (chunks[1].choices[0].delta.content, chunks[1].choices[0].delta.reasoning_content) == ("b", "t")


def test_the_end_is_on_a_chunk_of_its_own_with_what_openai_does_not_have() -> None:
    *_, last = fed(decoder(), b'{"text": "a", "end": "eos"}')
    assert (last.choices[0].finish_reason, last.choices[0].native_finish_reason, last.took) == ("stop", "eos", 3)
    assert not last.choices[0].delta.content


def test_an_answer_without_content_has_its_role_with_its_end() -> None:
    (only,) = fed(decoder(), b'{"end": "stop"}')
    assert (only.choices[0].delta.role, only.choices[0].finish_reason) == ("assistant", "stop")


def test_chunks_do_not_share_what_a_reader_may_change() -> None:
    first, second, third = fed(decoder(), b'{"text": "a"}', b'{"text": "b"}', b'{"text": "c"}')
    second.choices[0].delta.content = "changed"
    second.choices.clear()
    second["mine"] = 1
    assert (first.choices[0].delta.content, third.choices[0].delta.content) == ("a", "c")
    assert "mine" not in third


def test_what_has_come_so_far_is_there_at_any_time() -> None:
    reader = decoder()
    assert reader.partial() is None
    fed(reader, b'{"text": "a"}', b'{"text": "b", "thought": "t"}')
    partial = reader.partial()
    assert partial is not None
    message = partial.choices[0].message
    assert (message.content, message.reasoning_content, partial.choices[0].finish_reason) == ("ab", "t", None)
    assert not reader.finished
    assert list(reader.finish()) == []


def test_arguments_that_were_cut_off_are_an_error_after_all_chunks() -> None:
    reader = decoder()
    fed(reader, b'{"call": {"id": "c", "function": {"name": "f", "arguments": "{\\"a\\": "}}}')
    ending = iter(reader.feed(Frame("", b'{"end": "stop"}')))
    assert next(ending).choices[0].finish_reason == "tool_calls"
    with pytest.raises(e.ToolCallIncomplete, match="'f'"):
        next(ending)


def test_nothing_is_read_after_the_end() -> None:
    reader = decoder()
    fed(reader, b'{"text": "a", "end": "stop"}')
    assert fed(reader, b'{"text": "b"}', b"") == []
    assert list(reader.finish()) == []


def test_content_is_what_a_reader_waits_for() -> None:
    reader = decoder()
    fed(reader, b'{"usage": {"prompt_tokens": 1}}')
    assert not reader.content
    fed(reader, b'{"text": "a"}')
    assert reader.content


@pytest.mark.parametrize(
    ("stream", "kind", "says"),
    [
        (True, e.InvalidChunk, "sent an event that cannot be read: it is not an object; it begins"),
        (False, e.APIResponseValidationError, r"with what cannot be read \(it is not an object\); the body begins"),
    ],
)
def test_what_cannot_be_read_is_quoted_from_its_beginning(stream: bool, kind: type[e.APIError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught:
        fed(decoder(stream=stream), b"[" + b"1," * 200 + b"1]")
    assert type(caught.value) is kind
    assert len(str(caught.value)) < 300
    assert caught.value.phase == ("stream" if stream else None)


def test_a_whole_answer_is_an_event_more() -> None:
    response = whole_answer(b'{"text": "a", "usage": {"total_tokens": 3}, "end": "stop"}', decoder(stream=False))
    assert (response.choices[0].message.content, response.usage.total_tokens) == ("a", 3)


@pytest.mark.parametrize("body", [b"", b'{"text": "a"}', b"{}"])
def test_a_whole_answer_that_has_no_end_is_none(body: bytes) -> None:
    with pytest.raises(e.APIResponseValidationError, match="no finished answer"):
        whole_answer(body, decoder(stream=False))
