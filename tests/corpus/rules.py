"""What holds of every recorded stream, whatever its format."""

from __future__ import annotations

import random
from typing import Any

from aiollm.dialects.base import Dialect
from tests.corpus.recordings import Recording, frame_edges
from tests.dialects.reading import MODEL, Reading, cut, read

BYTE_BY_BYTE = 12_000  # bytes; of longer replies a sample of cuts


def check_cuts(
    recording: Recording, dialect: Dialect, separator: bytes = b"\n\n", edges: list[int] | None = None
) -> None:
    """The same comes out whole, byte by byte, and cut at every frame's edge."""
    body = recording.body
    whole = read([body], dialect=dialect).outcome
    places: Any = range(len(body))
    if len(body) > BYTE_BY_BYTE:
        places = random.Random(recording.name).sample(range(len(body)), BYTE_BY_BYTE // 12)
    assert read(cut(body, places), dialect=dialect).outcome == whole
    edges = frame_edges(body, separator) if edges is None else edges
    for shift in (-1, 0, 1):
        assert read(cut(body, [edge + shift for edge in edges]), dialect=dialect).outcome == whole


def check_chunks(reading: Reading) -> None:
    """The chunks are such as OpenAI's own stream would have."""
    chunks = reading.chunks
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    assert chunks[0].id
    assert chunks[0].model == MODEL
    roles = [(choice.index, choice.delta.role) for chunk in chunks for choice in chunk.choices if choice.delta.role]
    assert sorted(roles) == [(index, "assistant") for index in sorted(reading.finishes)]
    for chunk in chunks:
        assert (chunk.usage is None) == bool(chunk.choices)
        for choice in chunk.choices:
            delta = choice.delta
            assert delta.role or choice.finish_reason or choice.logprobs or any(value for _, value in delta.items())
            assert not (choice.finish_reason and any(value for name, value in delta.items() if name != "role"))
            assert choice.finish_reason in (None, "stop", "length", "tool_calls", "content_filter", "function_call")


def check_answer(reading: Reading) -> None:
    """The answer put together says what the chunks said."""
    partial = reading.decoder.partial()
    assert partial is not None
    for choice in partial.choices:
        assert (choice.message.content or "") == reading.text(choice.index)
        assert (choice.message.reasoning_content or "") == reading.text(choice.index, "reasoning_content")
        assert choice.finish_reason == next(iter(reading.finishes[choice.index]), None)
