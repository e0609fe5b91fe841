"""An answer in a class, while it comes and once it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from aiollm.exceptions import APIResponseValidationError
from aiollm.structured.drafts import draft
from aiollm.structured.partial_json import InvalidJSON, PartialJSON, TooMuchJSON
from aiollm.structured.reading import read_structured
from aiollm.structured.schema import is_structured
from aiollm.types.chunk import ModelResponseStream

__all__ = ["StructuredReader"]

T = TypeVar("T")


class StructuredReader(Generic[T]):
    """Reads chunks, and gives drafts of the first choice's answer, and at the end the answer itself.

    Args:
        kind: the class.

    Raises:
        TypeError: answers cannot be read into it.
    """

    def __init__(self, kind: type[T]) -> None:
        if not is_structured(kind):
            kinds = "a pydantic, attrs or msgspec class, a dataclass or a TypedDict"
            raise TypeError(f"an answer is read into {kinds}; got {kind!r:.80}")
        self._kind = kind
        self._begin()

    def _begin(self) -> None:
        self._texts: list[str] = []
        self._refusal: list[str] = []
        self._finish_reason: str | None = None
        self._reader = PartialJSON()

    def feed(self, chunk: ModelResponseStream) -> Iterator[T]:
        """Give a draft when a chunk brings text.

        Raises:
            APIResponseValidationError: the text is no JSON.
        """
        if chunk.recovery is not None and chunk.recovery.action == "restart":
            self._begin()  # what came before is void
        for choice in chunk.choices:
            if choice.index != 0:
                continue
            self._finish_reason = choice.finish_reason or self._finish_reason
            if choice.delta.refusal:
                self._refusal.append(choice.delta.refusal)
            if text := choice.delta.content:
                yield from self._drafts(text)

    def _drafts(self, text: str) -> Iterator[T]:
        self._texts.append(text)
        try:
            self._reader.feed(text)
        except (InvalidJSON, TooMuchJSON) as error:
            raise self._fault(str(error)) from error
        value = self._reader.value
        if value is not None:
            yield draft(self._kind, value)

    def finish(self) -> Iterator[T]:
        """Give the answer, checked.

        Raises:
            APIResponseValidationError: it is not as the class says.
        """
        if self._refusal and not self._texts:
            raise self._fault(f"the model refused: {''.join(self._refusal)}")
        if not self._reader.complete and self._finish_reason == "length":
            raise self._fault("it was cut at the most tokens allowed; ask with a larger max_tokens")
        try:
            answer = read_structured(self._kind, "".join(self._texts))
        except ValueError as error:
            raise self._fault(str(error)) from error
        yield answer

    def _fault(self, why: str) -> APIResponseValidationError:
        return APIResponseValidationError(f"the answer is no {self._kind.__name__}: {why}")
