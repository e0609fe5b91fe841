"""Where the continuation of an answer meets what came before: two halves, made one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiollm.engine.overlap import Overlap
from aiollm.types.chunk import Delta, ModelResponseStream, StreamingChoices
from aiollm.types.record import Record
from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage

__all__ = ["Seam", "text_of"]


class Seam:
    """Joins the chunks, the answers and the counts of a continuation to those of the parts before it.

    Args:
        before: the answer so far, all parts of it: text, and one choice.
        counted: what the provider counted of each part so far; None where it did not tell.
    """

    def __init__(self, before: ModelResponse, counted: tuple[Usage | None, ...]) -> None:
        self.counted = counted
        self._before = before
        self._overlap = Overlap(text_of(before))

    def chunks(self, batch: Iterable[ModelResponseStream]) -> list[ModelResponseStream]:
        """Return the next chunks of the continuation, as chunks of the whole answer."""
        joined = list(batch)
        for chunk in joined:
            chunk._extra()  # pyright: ignore[reportPrivateUsage]  # so that it is not taken for its event as it came
            chunk.id, chunk.created = self._before.id, self._before.created
            if chunk.usage is not None:
                chunk.usage = self.usage(chunk.usage)
            for choice in chunk.choices:
                self._add(choice)
        return joined

    def _add(self, choice: StreamingChoices) -> None:
        delta = choice.delta
        delta.role = None  # it came with the first part
        if delta.content:
            delta.content = self._overlap.feed(delta.content)
        if choice.finish_reason and (rest := self._overlap.rest()):
            delta.content = (delta.content or "") + rest

    def rest(self, model: str) -> list[ModelResponseStream]:
        """Return what is still held back as a chunk, for a continuation that ends without a finish reason."""
        text = self._overlap.rest()
        if not text:
            return []
        choices = [StreamingChoices(delta=Delta(content=text))]
        return [ModelResponseStream(id=self._before.id, created=self._before.created, model=model, choices=choices)]

    def response(self, later: ModelResponse | None) -> ModelResponse:
        """Return the answer as far as it has come, given that of the continuation."""
        if later is None:
            return self._before
        overlap = Overlap(text_of(self._before))
        text = text_of(self._before) + overlap.feed(text_of(later)) + overlap.rest()
        first = later.choices[0]
        choice = first.model_copy(update={"message": first.message.model_copy(update={"content": text})})
        joined = later.model_copy(
            update={"id": self._before.id, "created": self._before.created, "choices": [choice, *later.choices[1:]]}
        )
        joined.usage = self.usage(later.usage)
        return joined

    def usage(self, later: Usage | None) -> Usage | None:
        """Return the counts of all parts, given those of the continuation; None when no part was counted.

        The sum has one member more, `parts`: what was counted of each part, None where the provider did not tell. The
        prompt of a continuation is the first one and the answer so far, and is counted again.
        """
        parts = (*self.counted, later)
        total: Usage | None = None
        for part in parts:
            total = _added(total, part)
        if total is not None:
            total = total.model_copy(update={"parts": list(parts)})
        return total


def text_of(response: ModelResponse) -> str:
    """Return the text of the first choice."""
    return response.choices[0].message.content or "" if response.choices else ""


def _added(one: Any, other: Any) -> Any:
    """Add up counts, and the counts within them."""
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, Record) and isinstance(other, Record):
        return other.model_copy(update={name: _added(value, other.get(name)) for name, value in one.items()})
    if type(one) in (int, float) and type(other) in (int, float):
        return one + other
    return other
