"""An OpenAI chunk taken apart into what it says, one thing after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from attrs import frozen

from aiollm.testing.tongues.tongue import Payload
from aiollm.types.shape import EMPTY

__all__ = ["Kind", "Piece", "finish_reason", "pieces", "tool_calls", "usage_of"]

Kind = Literal["role", "text", "reasoning", "call", "arguments", "finish"]


@frozen
class Piece:
    """One thing that a chunk says.

    Attributes:
        kind: what it is; "call" opens a tool call, "arguments" goes on with it.
        text: the text, the arguments, the finish reason, or the name of the tool.
        choice: the choice's index.
        index: the tool call's index.
        id: the tool call's id.
    """

    kind: Kind
    text: str
    choice: int = 0
    index: int = 0
    id: str = ""


def pieces(chunk: Payload) -> Iterator[Piece]:
    """Give what a chunk says, in an order that every format can follow. A refusal is text to those without one."""
    for choice in chunk.get("choices") or ():
        number, delta = choice["index"], choice["delta"]
        if delta.get("role"):
            yield Piece("role", delta["role"], number)
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if thought:
            yield Piece("reasoning", thought, number)
        if text := delta.get("content") or delta.get("refusal"):
            yield Piece("text", text, number)
        for call in delta.get("tool_calls") or ():
            function, index = call.get("function") or EMPTY, call.get("index") or 0
            if function.get("name"):
                yield Piece("call", function["name"], number, index, call.get("id") or "")
            if function.get("arguments"):
                yield Piece("arguments", function["arguments"], number, index)
        if choice.get("finish_reason"):
            yield Piece("finish", choice["finish_reason"], number)


def finish_reason(completion: Payload) -> str:
    """Return the finish reason of a whole answer."""
    reason: str = completion["choices"][0]["finish_reason"]
    return reason


def tool_calls(completion: Payload) -> Iterator[tuple[str, str, str]]:
    """Give id, name and arguments of the tool calls of a whole answer."""
    for call in completion["choices"][0]["message"].get("tool_calls") or ():
        yield call["id"], call["function"]["name"], call["function"]["arguments"]


def usage_of(payload: Payload) -> tuple[int, int]:
    """Return the counts of prompt and answer."""
    usage: dict[str, Any] = payload.get("usage") or {}
    return usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
