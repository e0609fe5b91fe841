"""Reads a reply's bytes as the engine does, without its sockets and clocks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field

from aiollm.dialects.base import Context, Dialect
from aiollm.dialects.openai import OpenAI
from aiollm.dialects.openai_stream import OpenAIDecoder
from aiollm.exceptions import APIError, StreamTruncated
from aiollm.types.chunk import ModelResponseStream, Origin
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse

NOW = 1_700_000_000
MODEL = "asked-for"
OPENAI = OpenAI()


@define
class Reading:
    """What came of a streamed reply: its chunks, and how it ended."""

    chunks: list[ModelResponseStream] = field(factory=list)
    error: APIError | None = None
    decoder: Any = None

    @property
    def outcome(self) -> tuple[list[dict[str, Any]], type | None, str | None]:
        """All that a reader can see, comparable."""
        return [chunk.model_dump() for chunk in self.chunks], type(self.error), str(self.error)

    def text(self, index: int = 0, field: str = "content") -> str:
        """The joined text of a choice."""
        deltas = (choice.delta for chunk in self.chunks for choice in chunk.choices if choice.index == index)
        return "".join(delta.get(field) or "" for delta in deltas)

    @property
    def finishes(self) -> dict[int, list[str]]:
        """The finish reasons of each choice, in order."""
        found: dict[int, list[str]] = {}
        for chunk in self.chunks:
            for choice in chunk.choices:
                found.setdefault(choice.index, [])
                if choice.finish_reason is not None:
                    found[choice.index].append(choice.finish_reason)
        return found


def request(**changes: Any) -> Request:
    values: dict[str, Any] = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "include_usage": True,
    }
    return Request(**{**values, **changes})


def endpoint(**changes: Any) -> Endpoint:
    return Endpoint(**{"provider": "acme", "url": "http://acme.invalid/v1/chat/completions", **changes})


def context(asked: Request, **changes: Any) -> Context:
    numbers = itertools.count(1)
    return Context(endpoint(**changes), NOW, lambda: f"id{next(numbers)}", Origin(asked.include_usage))


def decoder(**asked: Any) -> OpenAIDecoder:
    wanted = request(**asked)
    return OPENAI.decoder(wanted, context(wanted))


def read(pieces: Iterable[bytes], *, dialect: Dialect = OPENAI, **asked: Any) -> Reading:
    """Read a streamed reply that arrives in `pieces`."""
    wanted = request(**asked)
    reading = Reading(decoder=dialect.decoder(wanted, context(wanted)))
    framer = dialect.framer()
    try:
        for piece in pieces:
            for frame in framer.feed(piece):
                reading.chunks.extend(reading.decoder.feed(frame))
            if reading.decoder.done:
                return reading
        for frame in framer.finish():
            reading.chunks.extend(reading.decoder.feed(frame))
        reading.chunks.extend(reading.decoder.finish())
        if not (reading.decoder.done or reading.decoder.finished):
            raise StreamTruncated("cut")
    except APIError as error:
        reading.error = error
    return reading


def decode(body: bytes, *, dialect: Dialect = OPENAI, **asked: Any) -> ModelResponse:
    """Read a whole reply."""
    wanted = request(stream=False, **asked)
    return dialect.decode(body, wanted, context(wanted))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut `data` at the given places."""
    edges = [0, *sorted({place for place in places if 0 < place < len(data)}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def tool_calls(reading: Reading, index: int = 0) -> list[Mapping[str, Any]]:
    """The tool calls of a choice, joined as users join them: by their index."""
    calls: dict[int, dict[str, Any]] = {}
    for chunk in reading.chunks:
        for choice in chunk.choices:
            for piece in (choice.delta.tool_calls or ()) if choice.index == index else ():
                call = calls.setdefault(piece.index, {"id": None, "name": "", "arguments": ""})
                call["id"] = call["id"] or piece.id
                call["name"] += piece.function.name or ""
                call["arguments"] += piece.function.arguments
    return [calls[position] for position in sorted(calls)]
