"""Whether an event of a chat is as OpenAI writes it: then it can be handed on as it came.

The decoder brings what a hundred providers write into one form. Where it had nothing to do, its chunk keeps the event's
payload, and encoding the chunk would say what the payload says.
"""

# What users do not see of an answer, the fields its class does not know, is carried over here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiollm.types.chunk import ModelResponseStream, StreamingChoices
from aiollm.types.lenient import lenient_json
from aiollm.types.shape import EMPTY
from aiollm.wire.alike import AlikeEvents

__all__ = ["events_like", "is_openais_own", "says_all", "served_model"]

_TEXT = re.compile(rb'"(content|reasoning_content)": ?"((?:[^"\\]|\\.)+)"')
_ROLE = re.compile(rb'"role": ?"')


def says_all(fields: Mapping[str, Any], choice: StreamingChoices, raw: Mapping[str, Any]) -> bool:
    """Whether a choice that was made of an event's says what that does, in the same members.

    Args:
        fields: what its delta was made of.
        choice: the choice that was made.
        raw: the choice in the event.
    """
    told = {name: value for name, value in (raw.get("delta") or EMPTY).items() if value is not None}
    return (
        raw.get("index") == choice.index
        and raw.get("finish_reason") == choice.finish_reason
        and bool(raw.get("logprobs")) == (choice.logprobs is not None)
        and choice._extra().keys() <= raw.keys()
        and fields.keys() == told.keys()
        and all(
            value == told[name] or (name == "tool_calls" and _are_same(value, told[name]))
            for name, value in fields.items()
        )
    )


def _are_same(calls: list[dict[str, Any]], told: Any) -> bool:
    """Whether pieces of tool calls are as they were; a name that was not told is None in them."""
    return len(calls) == len(told) and all(
        call == {**piece, "function": {"name": None, **(piece.get("function") or {})}}
        for call, piece in zip(calls, told, strict=True)
    )


def served_model(data: bytes) -> str | None:
    """Return the model that an event names; None if it lacks one of the members that OpenAI has in every event."""
    payload = lenient_json(data)
    is_whole = (
        payload.get("object") == "chat.completion.chunk"
        and all(isinstance(payload.get(name), str) and payload[name] for name in ("id", "model"))
        and isinstance(payload.get("created"), int)
    )
    return payload["model"] if is_whole else None


def is_openais_own(chunk: ModelResponseStream, data: bytes) -> bool:
    """Whether what an event says of its choice is where OpenAI would have it.

    The role comes once: OpenAI's own client joins those of all chunks ("assistantassistant"). Reasoning has one name
    here, whatever the provider calls it. A choice has its number.

    Args:
        chunk: a chunk of one choice that holds its payload.
        data: the payload.
    """
    delta = chunk.choices[0].delta
    return (
        b'"index"' in data
        and (delta.role is not None or b'"role"' not in data or not _ROLE.search(data))
        and (delta.reasoning_content is None or b'"reasoning_content"' in data)
        and b"\n" not in data
    )


def events_like(chunk: ModelResponseStream, data: bytes) -> AlikeEvents | None:
    """Return the events that differ from a chunk's in its text or its reasoning only; None where it has more than that.

    What is read of one of them holds for all of them. They are of the first choice.
    """
    choice = chunk.choices[0]
    delta = choice.delta
    texts = list(_TEXT.finditer(data))
    beside = (choice.index or None, choice.finish_reason, delta.role, delta.tool_calls)
    if len(texts) != 1 or any(one is not None for one in beside):
        return None
    member = texts[0][1].decode()
    if lenient_json(b'"%b"' % texts[0][2]) != getattr(delta, member):
        return None
    return AlikeEvents(member, data[: texts[0].start(2)], data[texts[0].end(2) :])
