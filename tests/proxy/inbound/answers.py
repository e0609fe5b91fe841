"""Answers as the engine gives them, and streams as clients read them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aiollm.dialects.base import Dialect
from aiollm.dialects.openai import OpenAI
from aiollm.outbound.frames import EventWriter
from aiollm.proxy.inbound.asked import Asked
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse
from tests.dialects.reading import decode, read

ASKED = Asked(call="chat", model="alias", arguments={}, stream=True, include_usage=True)
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}


def event(delta: Any = None, finish: str | None = None, **members: Any) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "upstream"}
    return b"data: %b\n\n" % json.dumps({**head, "choices": [choice], **members}).encode()


def call(index: int, name: str, *pieces: str) -> list[dict[str, Any]]:
    first = {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": ""}}
    return [
        {"tool_calls": [first]},
        *({"tool_calls": [{"index": index, "function": {"arguments": p}}]} for p in pieces),
    ]


def streamed(*deltas: Any, finish: str | None = "stop", usage: Any = USAGE) -> list[ModelResponseStream]:
    """The chunks of a stream of these deltas, as the decoder of OpenAI's format makes them."""
    first = event({"role": "assistant", "content": ""})
    counted = event(choices=[], usage=usage) if usage else b""
    ending = (event(finish=finish) + counted) if finish else b""
    return read([first, *map(event, deltas), ending, b"data: [DONE]\n\n"]).chunks


def whole(**message: Any) -> ModelResponse:
    finish = "tool_calls" if message.get("tool_calls") else "stop"
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return decode(json.dumps({"id": "c1", "created": 5, "model": "u", "choices": [choice], "usage": USAGE}).encode())


def written(writer: EventWriter, chunks: Iterable[Any], *, ends: bool = True) -> bytes:
    return b"".join(map(writer.feed, chunks)) + (writer.finish() if ends else b"")


def payloads(data: bytes) -> list[Any]:
    """What the events of a stream say."""
    lines = [line.removeprefix(b"data: ") for line in data.splitlines() if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def names(data: bytes) -> list[str]:
    """The names of the events of a stream."""
    return [line.removeprefix(b"event: ").decode() for line in data.splitlines() if line.startswith(b"event: ")]


def read_again(data: bytes, dialect: Dialect | None = None) -> list[ModelResponseStream]:
    """Read a stream with the library's own decoder of a format; it must come to its own end."""
    reading = read([data], dialect=dialect or OpenAI())
    assert reading.error is None, reading.error
    return reading.chunks


def content(chunks: Iterable[ModelResponseStream]) -> dict[str, Any]:
    """What a stream says in all: its texts, its calls, its end and its usage."""
    said: dict[str, Any] = {"text": "", "thought": "", "calls": {}, "finish": None, "usage": None}
    for chunk in chunks:
        if chunk.usage is not None:
            said["usage"] = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        for choice in chunk.choices:
            said["text"] += choice.delta.content or ""
            said["thought"] += choice.delta.reasoning_content or ""
            said["finish"] = choice.finish_reason or said["finish"]
            for piece in choice.delta.tool_calls or ():
                known = said["calls"].setdefault(piece.index, [piece.id, piece.function.name, ""])
                known[2] += piece.function.arguments
    return said
