"""A stream of chunks as parts that begin, grow and end, as user interfaces show them: thoughts, text, calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from attrs import define, field

from aiollm.types.chunk import Delta, ModelResponseStream
from aiollm.types.tools import ChatCompletionDeltaToolCall
from aiollm.types.usage import CompletionTokensDetailsWrapper, PromptTokensDetailsWrapper, Usage

__all__ = ["Part", "Parts", "Step", "token_counts"]

Kind = Literal["text", "reasoning", "call"]


@define(eq=False)
class Part:
    """A part of an answer.

    Attributes:
        kind: what it is.
        number: which part of the answer it is, from 0.
        id, name: of a call: its id, and the tool's name.
        is_text: whether what a tool is called with is a text, and not JSON.
        pieces: of a call: what the tool is called with, as far as it has come.
    """

    kind: Kind
    number: int
    id: str = ""
    name: str = ""
    is_text: bool = False
    pieces: list[str] = field(factory=list[str])


class Step(NamedTuple):
    """What becomes of a part: it begins, grows by `piece`, or ends."""

    what: Literal["start", "piece", "end"]
    part: Part
    piece: str = ""


class Parts:
    """Follows the first choice of one stream.

    Text and thoughts end where something else begins; calls, of which several may grow at a time, with the answer.

    Attributes:
        finish_reason: of the answer, once it has come.
        usage: the tokens that were counted, once they have come.
    """

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self._current: Part | None = None
        self._calls: dict[int, Part] = {}
        self._count = 0

    def feed(self, chunk: ModelResponseStream) -> Iterator[Step]:
        """Yield what a chunk adds."""
        if chunk.usage is not None:
            self.usage = chunk.usage
        for choice in chunk.choices:
            if choice.index == 0:
                yield from self._add(choice.delta)
                if choice.finish_reason is not None:
                    self.finish_reason = choice.finish_reason
                    yield from self.end()

    def end(self) -> Iterator[Step]:
        """Yield the ends of what is open."""
        yield from self._end_current()
        calls, self._calls = self._calls, {}
        for part in calls.values():
            yield Step("end", part)

    def drop(self) -> None:
        """Forget what is open, because it is void."""
        self._current = None
        self._calls.clear()

    def _add(self, delta: Delta) -> Iterator[Step]:
        yield from self._grow("reasoning", delta.reasoning_content)
        yield from self._grow("text", delta.content)
        yield from self._grow("text", delta.refusal)
        for call in delta.tool_calls or ():
            yield from self._call(call)

    def _grow(self, kind: Kind, piece: str | None) -> Iterator[Step]:
        if not piece:
            return
        part = self._current
        if part is None or part.kind != kind:
            yield from self._end_current()
            part = self._current = self._new(kind)
            yield Step("start", part)
        yield Step("piece", part, piece)

    def _call(self, call: ChatCompletionDeltaToolCall) -> Iterator[Step]:
        name, piece, is_text = _told(call)
        part = self._calls.get(call.index)
        if part is None:
            yield from self._end_current()
            part = self._calls[call.index] = self._new("call")
            part.id, part.name, part.is_text = call.id or f"call_{part.number}", name, is_text
            yield Step("start", part)
        if piece:
            part.pieces.append(piece)
            yield Step("piece", part, piece)

    def _end_current(self) -> Iterator[Step]:
        if self._current is not None:
            yield Step("end", self._current)
            self._current = None

    def _new(self, kind: Kind) -> Part:
        self._count += 1
        return Part(kind, self._count - 1)


def _told(call: ChatCompletionDeltaToolCall) -> tuple[str, str, bool]:
    """Return the name and the arguments in a piece of a call, and whether they are a text."""
    if call.function is not None:
        return call.function.name or "", call.function.arguments, False
    custom: dict[str, Any] = call.get("custom") or {}
    return custom.get("name") or "", custom.get("input") or "", True


def token_counts(usage: Usage) -> dict[str, int]:
    """Return what was counted, under the names that the AI SDK and AG-UI have for it; parts are within the totals."""
    asked = usage.prompt_tokens_details or PromptTokensDetailsWrapper()
    answered = usage.completion_tokens_details or CompletionTokensDetailsWrapper()
    counts = {
        "inputTokens": usage.prompt_tokens,
        "outputTokens": usage.completion_tokens,
        "totalTokens": usage.total_tokens,
        "reasoningTokens": answered.reasoning_tokens,
        "cachedInputTokens": asked.cached_tokens,
        "cacheWriteInputTokens": asked.cache_write_tokens,
    }
    return {name: count for name, count in counts.items() if count is not None}
