"""Answers made up on the spot, for tests of code that calls: LiteLLM's `mock_response` and what goes with it."""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from aiollm.dialects.base import Context
from aiollm.dialects.split import split_response
from aiollm.engine.builder import stream_chunk_builder
from aiollm.engine.call import Call
from aiollm.engine.stream import ChunkStream
from aiollm.engine.whole import WholeSource
from aiollm.exceptions import (
    APIError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    FirstTokenTimeout,
    InternalServerError,
    RateLimitError,
    StreamInterrupted,
)
from aiollm.types.chunk import Delta, ModelResponseStream, NoChoices, StreamingChoices
from aiollm.types.origin import Origin
from aiollm.types.response import Choices, Message, ModelResponse
from aiollm.types.shape import JSON, is_mapping
from aiollm.types.tools import ChatCompletionMessageToolCall
from aiollm.types.usage import Usage
from aiollm.wire.http import ReplyHead

__all__ = ["MockCalls", "MockResponse", "MockTimeout", "are_chunks", "mock_stream"]

MockResponse = str | Exception | ModelResponse | Mapping[str, Any] | ModelResponseStream | Sequence[ModelResponseStream]
"""A text, a whole answer, a chunk or the chunks of a stream, an exception to raise, or one of LiteLLM's names of it."""

_PIECE_CHARACTERS = 3  # as in LiteLLM

_NAMED_ERRORS: Mapping[str, type[APIError]] = {
    "litellm.RateLimitError": RateLimitError,
    "litellm.ContextWindowExceededError": ContextWindowExceededError,
    "litellm.InternalServerError": InternalServerError,
    "Exception: content_filter_policy": ContentPolicyViolationError,
}
_BREAKS_OFF = "Exception: mock_streaming_error"
_SO_FAR = "This is a mock request"


class MockTimeout(msgspec.Struct, frozen=True):
    """The call gets no answer, and runs into its clock after some seconds."""

    seconds: float


class MockCalls(msgspec.Struct, frozen=True):
    """The answer has tool calls, and perhaps a text."""

    text: str | None
    calls: tuple[Mapping[str, Any], ...]


async def mock_stream(call: Call, context: Context) -> ChunkStream:
    """Return a finished stream of the answer that the request's `mock_response` describes. Nothing is sent.

    Raises what it says is to be raised. Cancelling ends the wait for a clock that it runs into.
    """
    mock = call.request.mock_response
    if isinstance(mock, MockTimeout):
        await asyncio.sleep(mock.seconds)
        raise FirstTokenTimeout(f"no content came within {mock.seconds:g} s (a mock)", **_asked(call))
    if isinstance(mock, Exception):
        raise mock
    if isinstance(mock, str) and mock in _NAMED_ERRORS:
        raise _NAMED_ERRORS[mock]("this is a mock error", **_asked(call))
    breaks_off = mock == _BREAKS_OFF
    response = _response(_SO_FAR if breaks_off else mock, call, context)
    response._origin = context.origin
    error = None
    if breaks_off:
        error = StreamInterrupted(
            "this is a mock error in mid-stream", status_code=529, phase="stream", partial=response, **_asked(call)
        )
        if not call.request.stream:
            raise error
    chunks = _chunks(mock, response, call, context.origin) if call.request.stream else ()
    account = ChunkStream._account_of(response)
    return ChunkStream(WholeSource(call, ReplyHead(200), context.origin, response, account, chunks, error))


def _asked(call: Call) -> dict[str, Any]:
    return {"model": call.request.model, "llm_provider": call.target.provider.name}


def _response(mock: Any, call: Call, context: Context) -> ModelResponse:
    if isinstance(mock, ModelResponse):
        return mock
    if isinstance(mock, ModelResponseStream) or are_chunks(mock):
        built = stream_chunk_builder(_listed(mock))
        assert built is not None
        return built
    if is_mapping(mock):
        return ModelResponse(**mock)
    message: dict[str, Any] = {"content": mock}
    reason = "stop"
    if isinstance(mock, MockCalls):
        calls = [ChatCompletionMessageToolCall(**call) for call in mock.calls]
        message, reason = {"content": mock.text, "tool_calls": calls}, "tool_calls"
    count = call.request.params.get("n", 1)
    return ModelResponse(
        id=f"chatcmpl-{context.new_id()}",
        created=context.now,
        model=call.request.model,
        choices=[Choices(index=index, message=Message(**message), finish_reason=reason) for index in range(count)],
        usage=Usage(prompt_tokens=10, completion_tokens=20, total_tokens=30),
    )


def _chunks(mock: Any, response: ModelResponse, call: Call, origin: Origin) -> Iterator[ModelResponseStream]:
    if mock == _BREAKS_OFF:
        yield from (_chunk(response, choice) for choice in _pieces(_SO_FAR, response) if not choice.finish_reason)
        return
    whole: Iterable[ModelResponseStream]
    if isinstance(mock, str):
        whole = (_chunk(response, choice) for choice in _pieces(mock, response))
    elif isinstance(mock, ModelResponseStream) or are_chunks(mock):
        whole = _listed(mock)
    else:
        whole = split_response(response)
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


def _listed(mock: Any) -> list[ModelResponseStream]:
    """Return copies of chunks: those given may be used for many calls."""
    return [chunk.model_copy() for chunk in ([mock] if isinstance(mock, ModelResponseStream) else mock)]


def are_chunks(mock: JSON) -> bool:
    """Whether a mock is a list of the chunks of a stream."""
    return isinstance(mock, list | tuple) and bool(mock) and all(isinstance(item, ModelResponseStream) for item in mock)
