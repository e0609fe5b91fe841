"""Chunks of text that follow each other, as one."""

# What users do not see of a chunk, the fields its class does not know, is carried over here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Sequence

from aiollm.types.chunk import Delta, ModelResponseStream
from aiollm.types.logprobs import ChoiceLogprobs

__all__ = ["is_text", "joined", "joins"]

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")
_NO_TEXT = (
    "tool_calls",
    "function_call",
    "audio",
    "images",
    "annotations",
    "thinking_blocks",
    "provider_specific_fields",
)


def is_text(chunk: ModelResponseStream) -> bool:
    """Whether a chunk brings text of one choice and nothing else: no end, no tool call, no usage."""
    if len(chunk.choices) != 1 or chunk.usage is not None or chunk.recovery is not None or chunk._error is not None:
        return False
    choice = chunk.choices[0]
    delta = choice.delta
    return (
        choice.finish_reason is None
        and chunk.provider_specific_fields is None
        and any(getattr(delta, name) for name in _TEXTS)
        and all(getattr(delta, name) is None for name in _NO_TEXT)
    )


def joins(earlier: ModelResponseStream, later: ModelResponseStream) -> bool:
    """Whether the second of two chunks of text goes on with the text of the first."""
    one, other = earlier.choices[0], later.choices[0]
    return (
        one.index == other.index
        and other.delta.role is None
        and (one.logprobs is None) == (other.logprobs is None)
        and _kinds(one.delta) == _kinds(other.delta)
    )


def _kinds(delta: Delta) -> list[str]:
    return [name for name in _TEXTS if getattr(delta, name)]


def joined(chunks: Sequence[ModelResponseStream]) -> ModelResponseStream:
    """Return chunks, each of which `joins` the one before, as one: the first, with the text of all.

    Fields that a provider has added are those of the first.
    """
    first = chunks[0]
    if len(chunks) == 1:
        return first
    choice = first.choices[0]
    for record in (first, choice, choice.delta):
        record._extra()  # so that it does not pass for the event that it came in
    for name in _kinds(choice.delta):
        setattr(choice.delta, name, "".join(getattr(chunk.choices[0].delta, name) for chunk in chunks))
    if choice.logprobs is not None:
        choice.logprobs = _joined_logprobs([chunk.choices[0].logprobs for chunk in chunks])
    return first


def _joined_logprobs(parts: Sequence[ChoiceLogprobs | None]) -> ChoiceLogprobs:
    tokens = [token for part in parts if part is not None for token in part.content or ()]
    refused = [token for part in parts if part is not None for token in part.refusal or ()]
    return ChoiceLogprobs(content=tokens or None, refusal=refused or None)
