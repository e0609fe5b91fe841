from __future__ import annotations

from typing import Any

import pytest

from aiollm.testing import (
    ProviderServer,
    chunk,
    delta,
    done,
    error_event,
    finish,
    giant,
    interleaved,
    linger_after_done,
    reasoning,
    refusal,
    role,
    tokens,
    tool_call,
    usage,
)
from tests.testing.raw_client import CHAT, answer_to, ask, connected, request_bytes


async def test_a_chunk_is_sent_exactly_as_it_is() -> None:
    answer = await answer_to(chunk({"choices": [], "x": None}))
    assert answer.body == b'data: {"choices":[],"x":null}\n\n'


async def test_a_delta_stands_in_an_openai_chunk() -> None:
    answer = await answer_to(delta({"content": "x"}, index=2, finish_reason="stop", logprobs=None))
    assert answer.events == [
        {
            "id": "chatcmpl-scripted-0",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": "m",
            "choices": [{"index": 2, "delta": {"content": "x"}, "finish_reason": "stop", "logprobs": None}],
        }
    ]


@pytest.mark.parametrize("model", [None, 7])
async def test_a_request_without_a_model_gets_one(model: Any) -> None:
    answer = await answer_to(role(), body={"model": model})
    assert answer.events[0]["model"] == "scripted"


async def test_a_stream_that_asked_for_usage_has_null_on_every_other_chunk() -> None:
    asked = {**CHAT, "stream_options": {"include_usage": True}}
    answer = await answer_to(
        role(), tokens("a"), finish(), usage(7, 2, prompt_tokens_details={"cached_tokens": 1}), body=asked
    )
    assert [event["usage"] for event in answer.events[:3]] == [None, None, None]
    assert answer.events[3]["choices"] == []
    assert answer.events[3]["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 1},
    }


async def test_a_stream_that_did_not_ask_has_no_usage_member() -> None:
    answer = await answer_to(role())
    assert "usage" not in answer.events[0]


async def test_role_finish_and_done_frame_the_words() -> None:
    answer = await answer_to(role(), tokens("Hello  big world\n"), finish("length"), done())
    assert answer.deltas == [
        {"role": "assistant", "content": ""},
        {"content": "Hello"},
        {"content": "  big"},
        {"content": " world"},
        {"content": "\n"},
        {},
    ]
    assert answer.events[5]["choices"][0]["finish_reason"] == "length"
    assert answer.events[6] == "[DONE]"


@pytest.mark.parametrize(
    ("step", "member"),
    [
        (tokens(["a b", "c"]), "content"),
        (reasoning(["a b", "c"]), "reasoning_content"),
        (reasoning(["a b", "c"], field="reasoning"), "reasoning"),
        (refusal(["a b", "c"]), "refusal"),
    ],
)
async def test_a_list_of_texts_is_sent_piece_by_piece(step: Any, member: str) -> None:
    answer = await answer_to(step)
    assert answer.deltas == [{member: "a b"}, {member: "c"}]


async def test_gaps_lie_between_tokens() -> None:
    async with ProviderServer() as server:
        server.script(tokens("a b c", gap=0.02))
        await ask(server)
        request = server.log[0]
        assert request.finished_at is not None
        assert request.finished_at - request.received_at >= 0.038


async def test_interleaved_choices_take_turns() -> None:
    answer = await answer_to(interleaved(["a b c", "x"]))
    said = [(event["choices"][0]["index"], event["choices"][0]["delta"]["content"]) for event in answer.events]
    assert said == [(0, "a"), (1, "x"), (0, " b"), (0, " c")]


async def test_a_tool_call_comes_as_openai_sends_it() -> None:
    answer = await answer_to(tool_call("f", '{"a": 12}', id="c1", index=1, pieces=2))
    assert [delta["tool_calls"] for delta in answer.deltas] == [
        [{"index": 1, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}],
        [{"index": 1, "function": {"arguments": '{"a":'}}],
        [{"index": 1, "function": {"arguments": " 12}"}}],
    ]


async def test_a_giant_chunk_is_one_line() -> None:
    answer = await answer_to(giant(1_000_000))
    assert answer.deltas == [{"content": "x" * 1_000_000}]
    assert answer.body.count(b"\n") == 2


@pytest.mark.parametrize(
    ("step", "data"),
    [
        (
            error_event("no", type="t", code=529),
            b'data: {"error":{"message":"no","type":"t","param":null,"code":529}}\n\n',
        ),
        (error_event(body="overloaded", named=True), b"event: error\ndata: overloaded\n\n"),
        (error_event(body={"type": "error"}), b'data: {"type":"error"}\n\n'),
    ],
)
async def test_an_error_in_the_stream_has_the_shape_that_was_asked_for(step: Any, data: bytes) -> None:
    answer = await answer_to(step)
    assert answer.body == data


async def test_linger_after_done_keeps_the_body_open() -> None:
    async with ProviderServer() as server:
        server.script([tokens("a"), linger_after_done()])
        async with connected(server) as connection:
            connection.send(request_bytes())
            assert not (await connection.until(b"data: [DONE]\n\n")).endswith(b"0\r\n\r\n")
        request = await server.wait_for_disconnect()
        assert (request.disconnected_by, request.finished_at, request.events_written) == ("client", None, 2)


async def test_linger_after_done_can_end_by_itself() -> None:
    answer = await answer_to(linger_after_done(0.01))
    assert answer.ended_cleanly
