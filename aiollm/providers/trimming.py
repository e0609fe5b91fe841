"""Chats that have grown too long, made to fit: under LiteLLM's name."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

from aiollm.exceptions import BadRequestError
from aiollm.providers.model_info import known_model
from aiollm.providers.tokens import token_counter

__all__ = ["trim_messages"]

Message = Mapping[str, Any]

_GAP = "..."
_LEADING = ("system", "developer")
_BEFORE_THE_ANSWER = 3  # as `token_counter` counts it


def trim_messages(
    messages: Iterable[Message],
    model: str | None = None,
    *,
    trim_ratio: float = 0.75,
    max_tokens: int | None = None,
) -> list[Message]:
    """Return the messages of a chat that fit: the system's, and the latest of the others.

    The last message is kept whole, and the earlier ones as far as there is room; the first that does not fit is
    shortened in its middle, if it is text. Answers of tools stay with the message that called them, or go with it.

    Args:
        messages: chat messages in OpenAI's shape; they are not changed.
        model: whose tokens are counted, and whose longest prompt holds where `max_tokens` does not say.
        trim_ratio: how much of the model's longest prompt may be filled; the rest is for the answer.
        max_tokens: how many tokens the messages may have.

    Raises:
        BadRequestError: neither a limit nor the model's is known, or the system's messages and the last one do not fit.
    """
    limit = _limit(model, trim_ratio) if max_tokens is None else max_tokens
    chat = list(messages)
    first = [message for message in chat if message.get("role") in _LEADING]
    turns = _turns(message for message in chat if message.get("role") not in _LEADING)
    last = turns.pop() if turns else []
    room = limit - _BEFORE_THE_ANSWER - _tokens(model, first) - _tokens(model, last)
    if room < 0:
        raise BadRequestError(
            f"the system's messages and the last one have {limit - room} tokens, of {limit} that they may have",
            model=model,
            param="messages",
        )
    kept: list[Message] = []
    for turn in reversed(turns):
        needed = _tokens(model, turn)
        if needed > room:
            kept = [*_shortened(model, turn, room), *kept]
            break
        kept, room = [*turn, *kept], room - needed
    return [*first, *kept, *last]


def _limit(model: str | None, ratio: float) -> int:
    known = known_model(model) if model else None
    longest = known and (known[1].get("max_input_tokens") or known[1].get("max_tokens"))
    if not longest:
        raise BadRequestError(
            f"how long a prompt {model or 'the model'} takes is not known: pass max_tokens=",
            model=model,
            param="max_tokens",
        )
    return int(longest * ratio)


def _turns(messages: Iterable[Message]) -> list[list[Message]]:
    """Return messages in groups that stand or fall together: a call of tools, and what the tools answered."""
    turns: list[list[Message]] = []
    for message in messages:
        if turns and message.get("role") == "tool":
            turns[-1].append(message)
        else:
            turns.append([message])
    return turns


def _tokens(model: str | None, messages: Iterable[Message]) -> int:
    return token_counter(model or "", messages=messages, count_response_tokens=True)


def _shortened(model: str | None, turn: list[Message], room: int) -> list[Message]:
    """Return a message with as much of its beginning and end as there is room for; nothing where that cannot be."""
    content = turn[0].get("content")
    if len(turn) > 1 or not isinstance(content, str) or turn[0].get("tool_calls"):
        return []

    def with_characters(count: int) -> Message:
        text = content[: count - count // 2] + _GAP + content[len(content) - count // 2 :]
        return {**turn[0], "content": text}

    def overflows(count: int) -> bool:
        return _tokens(model, [with_characters(count)]) > room

    count = bisect_left(range(len(content)), True, key=overflows) - 1
    return [with_characters(count)] if count > 0 else []
