"""The Responses API as a dialect of chat: whole replies, and calls over a real socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

import aiollm
from aiollm.dialects.responses import Responses
from aiollm.dialects.table import dialect_of
from aiollm.exceptions import APIError, APIResponseValidationError, RateLimitError
from aiollm.testing import ProviderServer, event, raw, status
from aiollm.wire.sse import SSEFramer
from tests.dialects.reading import decode
from tests.dialects.test_responses_stream import CREATED, USAGE, completed, message, text
from tests.engine.calling import MESSAGES, arguments, collected, text_of

WHOLE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 7,
    "model": "served",
    "status": "completed",
    "service_tier": "default",
    "output": [{"type": "reasoning", "id": "rs", "summary": []}, message("Hello!")],
    "usage": USAGE,
}


def test_it_is_in_the_table() -> None:
    assert isinstance(dialect_of("responses"), Responses)
    assert isinstance(Responses().framer(), SSEFramer)


def test_a_whole_reply() -> None:
    response = decode(json.dumps(WHOLE).encode(), dialect=Responses())
    assert (response.id, response.created, response.model) == ("resp_1", 7, "served")
    assert response.service_tier == "default"
    assert response.choices[0].message.content == "Hello!"
    assert response.choices[0].finish_reason == "stop"
    assert response.usage.total_tokens == 14


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"<html>", APIResponseValidationError, "not JSON"),
        (b'{"a": 1}', APIResponseValidationError, "without `output`"),
        (b'{"error": {"code": "rate_limit_exceeded", "message": "slow"}}', RateLimitError, "slow"),
        (json.dumps({**WHOLE, "status": "failed", "error": {"code": "x", "message": "no"}}).encode(), APIError, "no"),
        (json.dumps({**WHOLE, "status": "cancelled"}).encode(), APIError, "status 'cancelled'"),
        (json.dumps({**WHOLE, "status": "queued"}).encode(), APIResponseValidationError, "queued"),
        (json.dumps({**WHOLE, "output": [5]}).encode(), APIResponseValidationError, "another type"),
    ],
)
def test_a_body_that_is_no_answer(body: bytes, kind: type[APIError], words: str) -> None:
    with pytest.raises(kind, match=words):
        decode(body, dialect=Responses())


def steps(*events: dict[str, Any]) -> list[Any]:
    return [event(one, event=one["type"]) for one in (CREATED, *events)]


@pytest.mark.parametrize("model", ["openai/responses/gpt-4o", "gpt-5-codex", "openai/o3-pro-2025-06-10"])
async def test_a_model_of_this_api_is_streamed_as_any_other(model: str) -> None:
    async with ProviderServer() as server:
        server.script(steps(text("Hel"), text("lo"), completed(message("Hello"))))
        options = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 20}
        chunks, error = await collected(await aiollm.acompletion(**arguments(server, model=model, **options)))
        assert (error, text_of(chunks)) == (None, "Hello")
        assert chunks[-1].usage is not None
        assert server.log[0].path == "/v1/responses"
        assert server.log[0].json == {
            "model": model.rpartition("/")[2],
            "input": [{"type": "message", **MESSAGES[0]}],
            "stream": True,
            "max_output_tokens": 20,
        }


async def test_a_whole_answer_over_a_socket() -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(WHOLE).encode())])
        response = await aiollm.acompletion(**arguments(server, model="openai/responses/gpt-4o"))
        assert response.choices[0].message.content == "Hello!"


async def test_a_whole_answer_to_a_streaming_call_becomes_chunks() -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(WHOLE).encode())])
        chunks, error = await collected(
            await aiollm.acompletion(**arguments(server, model="openai/responses/gpt-4o", stream=True))
        )
        assert (error, text_of(chunks)) == (None, "Hello!")


async def test_a_cut_stream_and_a_failed_one_have_the_answer_so_far() -> None:
    async with ProviderServer() as server:
        failed = completed(status="failed", error={"code": "server_error", "message": "x"})
        server.enqueue(steps(text("so "), text("far")), steps(text("so "), text("far"), failed))
        for kind in (aiollm.StreamTruncated, aiollm.InternalServerError):
            chunks, error = await collected(
                await aiollm.acompletion(**arguments(server, model="openai/responses/m", stream=True))
            )
            assert text_of(chunks) == "so far"
            assert type(error) is kind
            assert error.partial.choices[0].message.content == "so far"


async def test_an_error_has_its_class() -> None:
    async with ProviderServer() as server:
        server.script(status(429, retry_after=3))
        with pytest.raises(RateLimitError) as caught:
            await aiollm.acompletion(**arguments(server, model="openai/responses/m", stream=True))
        assert caught.value.retry_after == 3
