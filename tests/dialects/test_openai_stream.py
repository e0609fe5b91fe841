"""Streams of chat chunks, as a hundred providers write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.openai_stream import OpenAIDecoder
from aiollm.wire.frame import Frame
from tests.dialects.reading import MODEL, NOW, Reading, decoder, read, tool_calls

DONE = b"data: [DONE]\n\n"


def choice(
    delta: dict[str, Any] | None = None, finish: str | None = None, index: int = 0, **members: Any
) -> dict[str, Any]:
    return {"index": index, "delta": delta or {}, "finish_reason": finish, **members}


def payload(*choices: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 7,
        "model": "served",
        "choices": [*choices],
        **members,
    }


def event(data: Any, name: str = "") -> bytes:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + text + b"\n\n"


def stream(*payloads: Any, end: bytes = DONE, **asked: Any) -> Reading:
    return read([b"".join(one if isinstance(one, bytes) else event(one) for one in payloads) + end], **asked)


FIRST = payload(choice({"role": "assistant", "content": ""}))
HI = payload(choice({"content": "Hi"}))
STOP = payload(choice(finish="stop"))
USAGE = payload(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})


def shape(reading: Reading) -> list[Any]:
    """A line a chunk: index, role, content, finish reason."""
    return [
        (one.index, one.delta.role, one.delta.content, one.finish_reason) if chunk.choices else "usage"
        for chunk in reading.chunks
        for one in chunk.choices or (None,)
    ]


def test_a_plain_stream() -> None:
    reading = stream(FIRST, HI, HI, STOP, USAGE)
    assert shape(reading) == [
        (0, "assistant", "", None),
        (0, None, "Hi", None),
        (0, None, "Hi", None),
        (0, None, None, "stop"),
        "usage",
    ]
    assert reading.error is None
    assert (reading.decoder.done, reading.decoder.finished) == (True, True)


def test_id_created_and_model_are_the_same_on_every_chunk() -> None:
    changing = {**HI, "id": "other", "created": 9, "model": "another", "object": "chat.completion"}
    reading = stream(FIRST, HI, changing, STOP, USAGE)
    heads = {(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in reading.chunks}
    assert heads == {("c", 7, MODEL, "chat.completion.chunk")}


def test_an_id_and_a_time_are_made_where_the_provider_sends_none() -> None:
    bare = {"choices": [choice({"content": "Hi"})]}
    chunks = stream(bare, bare, STOP).chunks
    assert {(chunk.id, chunk.created) for chunk in chunks} == {("chatcmpl-id1", NOW)}


def test_the_served_model_is_kept_beside() -> None:
    assert stream(FIRST, HI, STOP).chunks[0]._hidden_params["provider_response_model"] == "served"


def test_the_role_comes_once_for_each_choice() -> None:
    spoken = {"role": "assistant", "content": "x"}
    reading = stream(
        payload(choice(spoken), choice(spoken, index=1)),
        payload(choice(spoken, index=1), choice(spoken)),
        payload(choice(finish="stop"), choice(finish="stop", index=1)),
    )
    assert [line[:2] for line in shape(reading)] == [
        (0, "assistant"),
        (1, "assistant"),
        (1, None),
        (0, None),
        (0, None),
        (1, None),
    ]


@pytest.mark.parametrize(
    "first",
    [
        {"content": "x"},
        {"role": None, "content": "x"},
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f"}}]},
    ],
)
def test_the_role_is_given_where_the_provider_gives_none(first: dict[str, Any]) -> None:
    assert stream(payload(choice(first)), STOP).chunks[0].choices[0].delta.role == "assistant"


def test_an_answer_of_nothing_has_its_role_all_the_same() -> None:
    assert shape(stream(STOP)) == [(0, "assistant", None, "stop")]


def test_the_finish_reason_comes_after_the_content_it_came_with() -> None:
    reading = stream(payload(choice({"role": "assistant", "content": "Hi"}, "length")))
    assert shape(reading) == [(0, "assistant", "Hi", None), (0, None, None, "length")]


def test_the_finish_reason_comes_once_for_each_choice() -> None:
    reading = stream(HI, STOP, STOP, payload(choice(finish="length")), payload(choice(finish="stop", index=1)))
    assert reading.finishes == {0: ["stop"], 1: ["stop"]}


@pytest.mark.parametrize("native", ["", None])
def test_an_empty_finish_reason_is_none(native: str | None) -> None:
    reading = stream(payload(choice({"content": "a"}, native)), payload(choice({"content": "b"}, native)), STOP)
    assert reading.finishes == {0: ["stop"]}
    assert reading.text() == "ab"


def test_a_foreign_finish_reason_keeps_its_name_beside() -> None:
    last = stream(HI, payload(choice(finish="eos"))).chunks[-1].choices[0]
    assert (last.finish_reason, last.native_finish_reason) == ("stop", "eos")


@pytest.mark.parametrize("native", ["abort", "error", "network_error", "insufficient_system_resource"])
def test_a_failure_for_a_finish_reason_raises(native: str) -> None:
    reading = stream(HI, payload(choice({"content": "bye"}, native)))
    assert (type(reading.error), reading.text()) == (e.InternalServerError, "Hibye")
    assert reading.error.code == native  # type: ignore[union-attr]
    assert reading.finishes == {0: []}


def test_a_failure_may_carry_its_error_in_the_choice() -> None:
    reading = stream(HI, payload(choice({}, "error", error={"code": 429, "message": "slow down"})))
    assert type(reading.error) is e.RateLimitError
    assert "slow down" in str(reading.error)


def test_usage_is_on_the_last_chunk_only_and_only_when_asked_for() -> None:
    counts = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    payloads = [
        {**FIRST, "usage": None},
        {**HI, "usage": {**counts, "completion_tokens": 1}},
        {**STOP, "usage": counts},
    ]
    asked = stream(*payloads)
    assert [chunk.usage for chunk in asked.chunks[:-1]] == [None] * 3
    assert all("usage" in chunk and chunk.model_dump()["usage"] is None for chunk in asked.chunks[:-1])
    assert (asked.chunks[-1].choices, asked.chunks[-1].usage.model_dump(exclude_none=True)) == ([], counts)
    unasked = stream(*payloads, include_usage=False)
    assert len(unasked.chunks) == 3
    assert all("usage" not in chunk for chunk in unasked.chunks)
    assert unasked.decoder.usage == asked.decoder.usage


@pytest.mark.parametrize(
    "where", [{"usage": {"prompt_tokens": 4}}, {"x_groq": {"id": "r", "usage": {"prompt_tokens": 4}}}]
)
def test_where_usage_is_found(where: dict[str, Any]) -> None:
    assert stream(FIRST, HI, {**STOP, **where}).decoder.usage.prompt_tokens == 4


def test_there_is_no_usage_chunk_without_usage() -> None:
    assert "usage" not in shape(stream(HI, STOP))


def test_what_comes_before_the_first_choice_is_held_and_kept() -> None:
    azure = {
        "id": "",
        "model": "",
        "object": "",
        "created": 0,
        "choices": [],
        "prompt_filter_results": [{"prompt_index": 0}],
    }
    reading = stream(azure, FIRST, HI, STOP)
    assert shape(reading)[0] == (0, "assistant", "", None)
    assert reading.chunks[0].prompt_filter_results == [{"prompt_index": 0}]
    assert all("prompt_filter_results" not in chunk for chunk in reading.chunks[1:])
    assert reading.decoder.partial().prompt_filter_results == [{"prompt_index": 0}]


@pytest.mark.parametrize("choices", [None, []])
def test_a_chunk_may_have_no_choices(choices: Any) -> None:
    reading = stream(FIRST, {**HI, "choices": choices}, {"id": "c"}, HI, STOP)
    assert (reading.error, reading.text()) == (None, "Hi")


def test_fields_of_an_empty_piece_wait_for_the_next_chunk_of_its_choice() -> None:
    reading = stream(
        FIRST,
        payload(choice({}, content_filter_offsets={"end": 5})),
        payload(choice({"content": "b"}, index=1)),
        STOP,
        payload(choice(finish="stop", index=1)),
    )
    (holder,) = [one for chunk in reading.chunks for one in chunk.choices if "content_filter_offsets" in one]
    assert (holder.index, holder.finish_reason, holder.content_filter_offsets) == (0, "stop", {"end": 5})


def test_empty_pieces_make_no_chunk() -> None:
    reading = stream(
        FIRST,
        payload(choice()),
        payload(choice({"content": ""})),
        payload(choice({"role": "assistant", "content": None})),
        HI,
        STOP,
    )
    assert shape(reading) == [(0, "assistant", "", None), (0, None, "Hi", None), (0, None, None, "stop")]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "reasoning_text"])
def test_reasoning_has_three_names(name: str) -> None:
    said = [choice({name: "h"}), choice({name: "m", "content": None}), choice({name: "!", "content": ""})]
    reading = stream(FIRST, *map(payload, said), HI, STOP)
    assert (reading.text(field="reasoning_content"), reading.text()) == ("hm!", "Hi")
    assert reading.decoder.partial().choices[0].message.reasoning_content == "hm!"


FAST_PATH = [FIRST, HI]  # what opens it


@pytest.mark.parametrize("before", [[], FAST_PATH], ids=["first", "later"])
@pytest.mark.parametrize("delta", [{"content": "x"}, {"reasoning": "x"}, {"refusal": "x"}])
def test_fields_of_a_provider_survive_at_every_level(before: list[Any], delta: dict[str, Any]) -> None:
    odd = {"provider": "P", "none": None, "service_tier": "t", "system_fingerprint": "f"}
    sent = payload(choice({**delta, "words": [1], "nil": None}, stop_reason=None, token_ids=[5]), **odd)
    chunk = stream(*before, sent, STOP).chunks[len(before)]
    one = chunk.choices[0]
    assert (chunk.provider, chunk.none, chunk.service_tier, chunk.system_fingerprint) == ("P", None, "t", "f")
    assert (one.stop_reason, one.token_ids) == (None, [5])
    assert (one.delta.words, one.delta.nil) == ([1], None)
    assert {"provider", "none"} <= chunk.model_dump().keys()


def test_the_message_that_perplexity_repeats_is_dropped() -> None:
    repeated = payload(
        choice({"role": "assistant", "content": "Hi"}, message={"content": "all so far"}), citations=["x"]
    )
    reading = stream(repeated, repeated, payload(choice({"content": ""}, "stop", message={"content": "all"})))
    assert reading.text() == "HiHi"
    assert all("message" not in one for chunk in reading.chunks for one in chunk.choices)
    assert reading.chunks[1].citations == ["x"]


@pytest.mark.parametrize("said", [{"message": {"role": "assistant", "content": "Hi"}}, {"text": "Hi"}])
def test_a_message_or_text_may_stand_for_the_delta(said: dict[str, Any]) -> None:
    reading = stream({"choices": [{"index": 0, **said}]}, {"choices": [{"index": 0, "finish_reason": "stop"}]})
    assert shape(reading) == [(0, "assistant", "Hi", None), (0, None, None, "stop")]


def test_log_probabilities_stay_with_their_text() -> None:
    logprobs = {"content": [{"token": "Hi", "logprob": -0.5, "bytes": None, "top_logprobs": []}], "refusal": None}
    reading = stream(FIRST, payload(choice({"content": "Hi"}, logprobs=logprobs)), STOP)
    assert reading.chunks[1].choices[0].logprobs.content[0].token == "Hi"
    assert len(reading.decoder.partial().choices[0].logprobs.content) == 1


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("annotations", {"type": "url_citation"}),
        ("images", {"index": 0}),
        ("thinking_blocks", {"type": "redacted_thinking"}),
    ],
)
def test_blocks_beside_text_are_part_of_the_answer(name: str, item: dict[str, Any]) -> None:
    beside = payload(choice({"content": "Hi", name: [item]}))
    message = stream(FIRST, beside, beside, STOP).decoder.partial().choices[0].message
    assert (message.content, message[name]) == ("HiHi", [item] * 2)


def test_the_choices_of_n_interleave() -> None:
    def say(index: int, text: str) -> dict[str, Any]:
        return payload(choice({"content": text}, index=index))

    ends = [payload(choice(finish="stop", index=1)), payload(choice(finish="length", index=0))]
    reading = stream(say(0, "a"), say(1, "x"), say(0, "b"), say(1, "y"), say(0, "c"), *ends)
    assert (reading.text(0), reading.text(1), reading.finishes) == ("abc", "xy", {0: ["length"], 1: ["stop"]})
    assert [one.message.content for one in reading.decoder.partial().choices] == ["abc", "xy"]


def test_stop_after_tool_calls_is_tool_calls() -> None:
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    reading = stream(payload(choice({"tool_calls": [call]})), STOP)
    assert reading.finishes == {0: ["tool_calls"]}
    assert reading.chunks[-1].choices[0].native_finish_reason == "stop"
    assert tool_calls(reading) == [{"id": "a", "name": "f", "arguments": '{"a":1}'}]


@pytest.mark.parametrize(
    ("finish", "kind"), [("tool_calls", e.ToolCallIncomplete), ("stop", e.ToolCallIncomplete), ("length", type(None))]
)
def test_tool_arguments_that_were_cut_raise_unless_the_length_was_reached(finish: str, kind: type) -> None:
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"a":'}}
    for end in (DONE, b""):
        reading = stream(payload(choice({"tool_calls": [call]})), payload(choice(finish=finish)), end=end)
        assert type(reading.error) is kind
        assert reading.finishes[0] == [finish if finish == "length" else "tool_calls"]


@pytest.mark.parametrize(
    "end",
    [
        b"data: [DONE]\n\n",
        b"data:[DONE]\n\n",
        b"data: [DONE] \n\n",
        b"data: [DONE]",
        b"data: [DONE]\r\n\r\n",
        b"event: done\ndata: [DONE]\n\n",
    ],
)
def test_the_end_marker_has_variants(end: bytes) -> None:
    reading = stream(HI, end=end)
    assert (reading.error, reading.decoder.done, reading.decoder.finished, reading.text()) == (None, True, False, "Hi")


def test_what_comes_after_the_end_marker_is_ignored() -> None:
    reading = stream(HI, STOP, DONE, HI, b"data: nonsense\n\n", event({"error": {"message": "x"}}), DONE)
    assert (reading.error, reading.text()) == (None, "Hi")
    late = decoder()
    said = Frame("", json.dumps(HI).encode())
    for frame in (said, Frame("", b"[DONE]"), said, Frame("", b"[DONE]")):
        chunks = list(late.feed(frame))
    assert (chunks, list(late.finish())) == ([], [])


def test_the_end_marker_inside_content_is_content() -> None:
    assert stream(FIRST, payload(choice({"content": "[DONE]"})), STOP).text() == "[DONE]"


@pytest.mark.parametrize(
    ("payloads", "end", "kind"),
    [
        ([HI, STOP], b"", type(None)),
        ([HI], DONE, type(None)),
        ([HI], b"", e.StreamTruncated),
        ([], b"", e.StreamTruncated),
        ([], DONE, type(None)),
        ([HI, payload(choice({"content": "x"}, index=1)), STOP], b"", e.StreamTruncated),
        ([HI, USAGE], b"", e.StreamTruncated),
    ],
)
def test_which_streams_are_whole(payloads: list[Any], end: bytes, kind: type) -> None:
    assert type(stream(*payloads, end=end).error) is kind


@pytest.mark.parametrize("before", [[], FAST_PATH], ids=["first", "later"])
@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [
        (event({"error": {"message": "x", "code": 502}}), e.BadGatewayError, 502),
        (event({"error": {"message": "x", "type": "server_error", "code": None}}), e.InternalServerError, 500),
        (event({"error": {"message": "x", "status_code": 400}}, "error"), e.BadRequestError, 400),
        (event({"message": "x", "code": 429}, "error"), e.RateLimitError, 429),
        (event({"object": "error", "message": "x", "code": 400}), e.BadRequestError, 400),
        (event({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}), e.OverloadedError, 529),
        (event(b"x", "error"), e.InternalServerError, 500),
        (event({**payload(choice(finish="error")), "error": {"code": 502, "message": "x"}}), e.BadGatewayError, 502),
        (event(payload(choice(), x_groq={"id": "r", "error": "x"})), e.InternalServerError, 500),
        (event({"error": "x"}), e.InternalServerError, 500),
        (b'error: {"code":503,"message":"x"}\n\n', e.ServiceUnavailableError, 503),
        (b'{"error": {"code": 503, "message": "x"}}\n\n', e.ServiceUnavailableError, 503),
    ],
)
def test_an_error_in_the_stream_raises_the_class_of_its_status(
    before: list[Any], sent: bytes, kind: type, status: int
) -> None:
    reading = stream(*before, sent, HI)
    assert (type(reading.error), len(reading.chunks)) == (kind, len(before))
    assert reading.error is not None
    assert (reading.error.status_code, reading.error.llm_provider, reading.error.model, reading.error.phase) == (
        status,
        "acme",
        MODEL,
        "stream",
    )
    assert "x" in str(reading.error)


def test_content_beside_an_error_is_given_first() -> None:
    reading = stream(FIRST, {**HI, "error": {"code": 502, "message": "x"}})
    assert (reading.text(), type(reading.error)) == ("Hi", e.BadGatewayError)


def test_a_null_error_is_none() -> None:
    reading = stream(FIRST, {**HI, "error": None}, {**HI, "error": None}, STOP)
    assert (reading.error, reading.text()) == (None, "HiHi")
    assert all("error" not in chunk for chunk in reading.chunks)


@pytest.mark.parametrize("before", [[], FAST_PATH], ids=["first", "later"])
@pytest.mark.parametrize(
    "data",
    [b"nonsense", b"{", b'{"choices":', b"5", b'"text"', b"[]", b"null", b"{}x", b"[" * 100_000]
    + [
        json.dumps(bad).encode()
        for bad in (
            {"choices": 5},
            {"choices": [5]},
            {"choices": [[]]},
            payload({"index": [1], "delta": {}}),
            payload({"delta": 5}),
            payload({"delta": "x"}),
            payload(choice({"content": 5})),
            payload(choice({"content": [5]})),
            payload(choice({"tool_calls": [5]})),
            payload(choice({"tool_calls": 5})),
            payload(choice(finish=5)),
            {"choices": [], "x_groq": 5},
            payload(choice({"tool_calls": [{"function": 5}]})),  # type: ignore[arg-type]
        )
    ],
)
def test_an_event_that_cannot_be_read_is_an_invalid_chunk(before: list[Any], data: bytes) -> None:
    reading = stream(*before, event(data), HI)
    assert type(reading.error) is e.InvalidChunk
    assert reading.text() == "Hi" * (len(before) > 0)
    assert "it begins" in str(reading.error)
    assert len(str(reading.error)) < 400


def test_a_broken_character_does_not_cost_the_answer() -> None:
    for data in (
        b'{"choices":[{"index":0,"delta":{"content":"a\xff"}}]}',
        b'{"choices":[{"index":0,"delta":{"content":"a\\ud83d"}}]}',
    ):
        reading = stream(FIRST, event(data), event(data), STOP)
        assert (reading.error, reading.text()) == (None, "a\ufffda\ufffd")


def test_numbers_that_json_has_not_do_not_cost_the_answer() -> None:
    data = (
        b'{"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-Infinity}]}}]}'
    )
    assert stream(FIRST, event(data), event(data), STOP).text() == "aa"


def test_content_is_told_from_what_is_none() -> None:
    reader: OpenAIDecoder = decoder()
    seen = []
    for one in (payload(), FIRST, payload(choice()), HI, HI, payload(choice({"reasoning": "x"})), USAGE, STOP):
        reader.content = False
        list(reader.feed(Frame("", json.dumps(one).encode())))
        seen.append(reader.content)
    assert seen == [False, False, False, True, True, True, False, True]


def test_the_partial_answer_grows() -> None:
    reader = decoder()
    assert reader.partial() is None
    for one in (FIRST, HI, HI, USAGE):
        list(reader.feed(Frame("", json.dumps(one).encode())))
    partial = reader.partial()
    assert partial is not None
    assert (partial.id, partial.created, partial.model) == ("c", 7, MODEL)
    assert (partial.choices[0].message.content, partial.choices[0].finish_reason) == ("HiHi", None)
    assert partial.usage is not None


@pytest.mark.parametrize("created", ["1e400", "NaN", "1e300"])
def test_a_time_that_is_none_is_made(created: str) -> None:
    body = f'{{"id":"c","created":{created},"choices":[{{"index":0,"delta":{{"content":"a"}}}}]}}'
    assert read([event(body.encode()) + DONE]).chunks[0].created == NOW


def test_the_head_of_the_first_chunk_is_part_of_the_partial_answer() -> None:
    partial = stream(
        {**FIRST, "system_fingerprint": "fp", "service_tier": "flex", "region": "eu"}, HI
    ).decoder.partial()
    assert (partial.system_fingerprint, partial.service_tier, partial.region) == ("fp", "flex", "eu")


def test_a_field_of_a_provider_may_have_any_name() -> None:
    odd = {"cls": 1, "self": 2, "_rest": "x", "_error": "y", "_origin": "z"}
    for reading in (stream(said := {**payload(choice({"content": "a", **odd}, **odd)), **odd}), stream(FIRST, said)):
        chunk = reading.chunks[-1]
        assert reading.error is None
        assert chunk.cls == chunk.choices[0].cls == chunk.choices[0].delta.cls == 1
