from __future__ import annotations

import json
from typing import Any

from aiollm.testing import ProviderServer, json200, reply
from tests.testing.raw_client import CHAT, answer_to, ask, request_bytes

WHOLE = {**CHAT, "stream": False}


async def whole(*steps: Any, **members: Any) -> dict[str, Any]:
    completion = json.loads((await answer_to(*steps, body={**WHOLE, **members})).body)
    assert isinstance(completion, dict)
    return completion


async def test_a_stream_is_answered_in_chunks() -> None:
    answer = await answer_to(reply("Hello you"))
    assert answer.fields["content-type"].startswith("text/event-stream")
    assert answer.deltas == [{"role": "assistant", "content": ""}, {"content": "Hello"}, {"content": " you"}, {}]
    assert answer.events[3]["choices"][0]["finish_reason"] == "stop"
    assert answer.events[4:] == ["[DONE]"]


async def test_a_request_without_stream_is_answered_whole() -> None:
    assert await whole(reply("Hello you")) == {
        "id": "chatcmpl-scripted-0",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello you", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4},
    }


async def test_usage_comes_last_when_it_was_asked_for() -> None:
    answer = await answer_to(reply("Hello you"), body={**CHAT, "stream_options": {"include_usage": True}})
    *_, counts, marker = answer.events
    assert marker == "[DONE]"
    assert counts["choices"] == []
    assert counts["usage"] == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}


async def test_usage_can_be_given() -> None:
    completion = await whole(
        reply("x", usage={"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10, "cost": 0.5})
    )
    assert completion["usage"] == {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10, "cost": 0.5}


async def test_a_prompt_counts_the_words_of_its_texts() -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "a b"}, {"type": "image_url"}]}, {"role": "user"}]
    assert (await whole(reply("x"), messages=parts))["usage"]["prompt_tokens"] == 2
    assert (await whole(reply("x"), messages=None))["usage"]["prompt_tokens"] == 0


async def test_tool_calls_are_streamed_and_whole() -> None:
    step = reply(tool_calls=[{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": "{}", "id": "mine"}])
    message = (await whole(step))["choices"][0]
    assert message["finish_reason"] == "tool_calls"
    assert message["message"]["content"] is None
    assert message["message"]["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
        {"id": "mine", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]
    pieces = [piece for delta in (await answer_to(step)).deltas for piece in delta.get("tool_calls", [])]
    assert [(piece["index"], piece.get("id")) for piece in pieces if "id" in piece] == [(0, "call_1"), (1, "mine")]
    assert "".join(piece["function"]["arguments"] for piece in pieces if piece["index"] == 0) == '{"a": 1}'


async def test_reasoning_and_refusal_are_streamed_and_whole() -> None:
    step = reply(None, reasoning="think", refusal="I cannot", finish_reason="content_filter")
    choice = (await whole(step))["choices"][0]
    assert choice["message"] == {
        "role": "assistant",
        "content": None,
        "refusal": "I cannot",
        "reasoning_content": "think",
    }
    assert choice["finish_reason"] == "content_filter"
    deltas = (await answer_to(step)).deltas
    assert deltas[1:] == [{"reasoning_content": "think"}, {"refusal": "I"}, {"refusal": " cannot"}, {}]


async def test_every_one_of_n_choices_is_answered() -> None:
    assert [choice["index"] for choice in (await whole(reply("x"), n=3))["choices"]] == [0, 1, 2]
    answer = await answer_to(reply("x"), body={**CHAT, "n": 2})
    assert {event["choices"][0]["index"] for event in answer.events[:-1]} == {0, 1}
    assert len((await whole(reply("x"), n="many"))["choices"]) == 1


async def test_json200_answers_a_stream_request_whole() -> None:
    answer = await answer_to(json200())
    assert answer.fields["content-type"] == "application/json"
    assert json.loads(answer.body)["choices"][0]["message"]["content"] == "Hello from the scripted provider."


async def test_json200_sends_any_object() -> None:
    answer = await answer_to(json200({"error": {"message": "no"}}))
    assert answer.status_line == "HTTP/1.1 200 OK"
    assert json.loads(answer.body) == {"error": {"message": "no"}}


async def test_the_same_script_answers_again_and_again() -> None:
    async with ProviderServer() as server:
        server.reply("x")
        first, second = [(await ask(server, request_bytes(WHOLE, head="Connection: close\r\n"))).body for _ in range(2)]
    assert json.loads(first)["choices"] == json.loads(second)["choices"]
    assert json.loads(first)["id"] != json.loads(second)["id"]
