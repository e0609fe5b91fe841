"""Answers made up on the spot, for tests of code that calls: LiteLLM's `mock_response`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.split import split_response
from aiollm.engine.call import Call
from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import ContextWindowExceededError, InternalServerError, RateLimitError
from aiollm.types.chunk import Delta, ModelResponseStream, NoChoices, StreamingChoices
from aiollm.types.origin import Origin
from aiollm.types.response import Choices, Message, ModelResponse
from aiollm.types.usage import Usage
from aiollm.wire.http import ReplyHead

__all__ = ["MockResponse", "mock_stream"]

MockResponse = str | Exception | ModelResponse | Mapping[str, Any]

_PIECE_CHARACTERS = 3  # as in LiteLLM

_NAMED_ERRORS = {
    "litellm.RateLimitError": RateLimitError,
    "litellm.ContextWindowExceededError": ContextWindowExceededError,
    "litellm.InternalServerError": InternalServerError,
}


def mock_stream(call: Call, context: Context) -> ChunkStream:
    """Return a finished stream of the answer that the request's `mock_response` describes. Nothing is sent.

    It is the answer's text, a whole answer, an exception to raise, or the name of one of LiteLLM's three.
    """
    mock: MockResponse = call.request.mock_response
    if isinstance(mock, Exception):
        raise mock
    if isinstance(mock, str) and mock in _NAMED_ERRORS:
        raise _NAMED_ERRORS[mock](
            "this is a mock error", model=call.request.model, llm_provider=call.target.provider.name
        )
    response = _response(mock, call, context)
    response._origin = context.origin
    chunks = _chunks(mock, response, call, context.origin) if call.request.stream else ()
    return ChunkStream.replay(call, ReplyHead(200), context.origin, response, chunks)


def _response(mock: str | ModelResponse | Mapping[str, Any], call: Call, context: Context) -> ModelResponse:
    if isinstance(mock, ModelResponse):
        return mock
    if isinstance(mock, Mapping):
        return ModelResponse(**mock)
    count = call.request.params.get("n", 1)
    return ModelResponse(
        id=f"chatcmpl-{context.new_id()}",
        created=context.now,
        model=call.request.model,
        choices=[Choices(index=index, message=Message(content=mock)) for index in range(count)],
        usage=Usage(prompt_tokens=10, completion_tokens=20, total_tokens=30),
    )


def _chunks(mock: MockResponse, response: ModelResponse, call: Call, origin: Origin) -> Iterator[ModelResponseStream]:
    whole = (
        (_chunk(response, choice) for choice in _pieces(mock, response))
        if isinstance(mock, str)
        else split_response(response)
    )
    for chunk in whole:
        chunk._origin = origin
        yield chunk
    if call.request.include_usage:
        last = _chunk(response, None)
        last.usage, last._origin = response.usage, origin
        yield last


def _pieces(text: str, response: ModelResponse) -> Iterator[StreamingChoices]:
    for choice in response.choices:
        for start in range(0, len(text), _PIECE_CHARACTERS):
            role = "assistant" if start == 0 else None
            delta = Delta(role=role, content=text[start : start + _PIECE_CHARACTERS])
            yield StreamingChoices(index=choice.index, delta=delta)
        yield StreamingChoices(index=choice.index, finish_reason=choice.finish_reason)


def _chunk(response: ModelResponse, choice: StreamingChoices | None) -> ModelResponseStream:
    return ModelResponseStream(
        id=response.id,
        created=response.created,
        model=response.model,
        choices=NoChoices() if choice is None else [choice],
    )
