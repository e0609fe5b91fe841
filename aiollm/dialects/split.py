"""A whole answer as the chunks of a stream."""

# What users do not see of an answer, the fields its class does not know, is carried over here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiollm.dialects.base import Context
from aiollm.types.chunk import Delta, ModelResponseStream, NoChoices, StreamingChoices
from aiollm.types.request import Request
from aiollm.types.response import Choices, ModelResponse
from aiollm.types.tools import ChatCompletionDeltaToolCall

__all__ = ["split_answer", "split_response"]


def split_response(response: ModelResponse) -> Iterable[ModelResponseStream]:
    """Return a whole answer as chunks: for each choice its content, then its finish reason. No usage chunk."""
    extra = response._extra()  # on the first chunk
    for choice in response.choices:
        for streaming in _pieces(choice):
            yield ModelResponseStream(
                id=response.id,
                created=response.created,
                model=response.model,
                system_fingerprint=response.system_fingerprint,
                service_tier=response.service_tier,
                choices=[streaming],
                **extra,
            )
            extra = {}


def split_answer(response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
    """Return a whole answer as the chunks of a stream: as `split_response`, and the usage chunk where asked for."""
    for chunk in split_response(response):
        chunk._origin = context.origin
        yield chunk
    if request.include_usage and response.usage is not None:
        last = ModelResponseStream(id=response.id, created=response.created, model=response.model)
        last.choices, last.usage, last._origin = NoChoices(), response.usage, context.origin
        yield last


def _pieces(choice: Choices) -> Iterable[StreamingChoices]:
    fields: dict[str, Any] = {name: value for name, value in choice.message.items() if name != "tool_calls"}
    calls: list[ChatCompletionDeltaToolCall] = []
    for position, call in enumerate(choice.message.tool_calls or ()):
        members: dict[str, Any] = {**dict(call.items()), "index": position}
        calls.append(ChatCompletionDeltaToolCall(**members))
    fields.update(role="assistant", tool_calls=calls or None)
    yield StreamingChoices(index=choice.index, delta=Delta(**fields), logprobs=choice.logprobs)
    last = StreamingChoices(index=choice.index, finish_reason=choice.finish_reason, **choice._extra())
    if choice.provider_specific_fields:
        last["provider_specific_fields"] = choice.provider_specific_fields
    yield last
