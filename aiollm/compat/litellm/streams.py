"""The stream that LiteLLM's functions return, over one of aiollm's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from aiollm.compat.litellm.exceptions import as_litellm
from aiollm.exceptions import APIError
from aiollm.sync.closed import ClosedAtEnd
from aiollm.types.chunk import ModelResponseStream

__all__ = ["CustomStreamWrapper", "ModelResponseListIterator"]


class CustomStreamWrapper(ClosedAtEnd):
    """The chunks of one answer, for `for` or `async for`, as the function that made it is blocking or asynchronous.

    Leaving its loop closes the connection at once. What aiollm's streams tell (`usage`, `finish_reason`, `attempts`,
    `on_close`...) it tells too.

    Args:
        completion_stream: a stream of aiollm, or any iterator over chunks.
        model: the model's name.
        logging_obj: taken for LiteLLM's sake, and not used.
        custom_llm_provider: the provider's name.

    Attributes:
        completion_stream: what the chunks come from.
        chunks: the chunks that were read.
    """

    def __init__(
        self,
        completion_stream: Any,
        model: str | None = None,
        logging_obj: Any = None,
        custom_llm_provider: str | None = None,
    ) -> None:
        self.completion_stream = completion_stream
        self.model: Any = model or getattr(completion_stream, "model", None)
        self.logging_obj = logging_obj
        self.custom_llm_provider: Any = custom_llm_provider or getattr(completion_stream, "provider", None)
        self.chunks: list[Any] = []

    @property
    def response_id(self) -> str | None:
        """The id of the answer, or None before its first chunk was read."""
        return next((chunk.id for chunk in self.chunks), None)

    @property
    def received_finish_reason(self) -> str | None:
        """The finish reason of the first choice, or None before it was read."""
        reasons = (choice.finish_reason for chunk in self.chunks for choice in chunk.choices if not choice.index)
        return next((reason for reason in reasons if reason), None)

    # The iterators are objects of their own: a loop that is left drops them, and closes the stream so.

    def __iter__(self) -> Iterator[Any]:
        return _Reading(iter(self.completion_stream), self.chunks)

    def __next__(self) -> Any:
        return next(_Reading(self.completion_stream, self.chunks))

    def __aiter__(self) -> AsyncIterator[Any]:
        return _AsyncReading(aiter(self.completion_stream), self.chunks)

    async def __anext__(self) -> Any:
        return await anext(_AsyncReading(self.completion_stream, self.chunks))

    def close(self) -> None:
        """Close the connection of a blocking stream, unless the answer has ended."""
        self.completion_stream.close()

    async def aclose(self) -> None:
        """Close the connection of an asynchronous stream, unless the answer has ended."""
        await self.completion_stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __getattr__(self, name: str) -> Any:
        if name == "completion_stream":  # while a copy is made, there is none yet
            raise AttributeError(name)
        return getattr(self.completion_stream, name)

    def __repr__(self) -> str:
        return f"<CustomStreamWrapper of {self.completion_stream!r}>"


class _Reading:
    def __init__(self, chunks: Iterator[Any], read: list[Any]) -> None:
        self._chunks = chunks
        self._read = read

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        try:
            chunk = next(self._chunks)
        except APIError as error:
            as_litellm(error)
            raise
        self._read.append(chunk)
        return chunk


class _AsyncReading:
    def __init__(self, chunks: AsyncIterator[Any], read: list[Any]) -> None:
        self._chunks = chunks
        self._read = read

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            chunk = await anext(self._chunks)
        except APIError as error:
            as_litellm(error)
            raise
        self._read.append(chunk)
        return chunk


class ModelResponseListIterator:
    """Chunks that are there already, for `for` and `async for`."""

    def __init__(self, model_responses: Iterable[ModelResponseStream]) -> None:
        self.model_responses: list[ModelResponseStream] = list(model_responses)
        self._left = iter(self.model_responses)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ModelResponseStream:
        return next(self._left)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ModelResponseStream:
        for chunk in self._left:
            return chunk
        raise StopAsyncIteration
