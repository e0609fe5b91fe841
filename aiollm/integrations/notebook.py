"""A stream below the cell of a notebook, as it comes.

answer = show(aiollm.completion("gpt-4o", messages, stream=True))
answer = await ashow(await aiollm.acompletion("gpt-4o", messages, stream=True))
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Protocol, Self

from aiollm.engine.stream import text_in
from aiollm.jobs.progress.notebook import in_notebook
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse

__all__ = ["ashow", "show"]

REDRAW_SECONDS = 0.1
"""How long an output stands before it is drawn anew: each time all of it is sent."""


class _Blocking(Protocol):
    def __iter__(self) -> Iterator[ModelResponseStream]: ...
    def final(self) -> ModelResponse: ...


class _Asynchronous(Protocol):
    def __aiter__(self) -> AsyncIterator[ModelResponseStream]: ...
    async def final(self) -> ModelResponse: ...


class _Canvas(Protocol):
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def add(self, chunk: ModelResponseStream) -> None: ...


def show(stream: _Blocking) -> ModelResponse:
    """Show a stream as Markdown below the cell, drawn anew as it comes, and return the whole answer.

    Where the program is no notebook its text is printed. Of several choices the first is shown.

    Args:
        stream: what `completion(..., stream=True)` returns.

    Raises:
        APIError: as iterating does; what has come stays to be seen.

    Interrupting the kernel closes the connection, and raises `KeyboardInterrupt`.
    """
    with _canvas() as canvas:
        for chunk in stream:
            canvas.add(chunk)
    return stream.final()


async def ashow(stream: _Asynchronous) -> ModelResponse:
    """Show a stream as `show` does, without holding up the loop of the kernel.

    Args:
        stream: what `await acompletion(..., stream=True)` returns.

    Raises:
        APIError: as iterating does; what has come stays to be seen.

    Cancelling closes the connection; so does interrupting the kernel, as soon as its loop wakes.
    """
    with _canvas() as canvas:
        async for chunk in stream:
            canvas.add(chunk)
    return await stream.final()


def _canvas() -> _Canvas:
    return _Cell() if in_notebook() else _Text()


class _Cell:
    """An output of the cell, drawn anew in its place."""

    def __init__(self) -> None:
        self._thought = ""
        self._text = ""
        self._calls: dict[int, str] = {}
        self._output: Any = None
        self._drawn_at = 0.0
        self._drawn: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._draw()

    def add(self, chunk: ModelResponseStream) -> None:
        if chunk.recovery is not None and chunk.recovery.action == "restart":
            self._thought, self._text, self._calls = "", "", {}
        for choice in chunk.choices:
            if choice.index == 0:
                self._thought += choice.delta.reasoning_content or ""
                for call in choice.delta.tool_calls or ():
                    if call.function is not None:
                        name = f"{call.function.name} " if call.function.name else ""
                        self._calls[call.index] = self._calls.get(call.index, "") + name + call.function.arguments
        self._text += text_in(chunk)
        if time.monotonic() - self._drawn_at >= REDRAW_SECONDS:
            self._draw()

    def _draw(self) -> None:
        from IPython.display import display  # pyright: ignore[reportUnknownVariableType]  # its types are partial

        markdown = self._markdown()
        if markdown == self._drawn:
            return
        data = {"text/markdown": markdown, "text/plain": self._text}
        if self._output is None:
            self._output = display(data, raw=True, display_id=True)
        else:
            self._output.update(data, raw=True)
        self._drawn_at, self._drawn = time.monotonic(), markdown

    def _markdown(self) -> str:
        """Return the thoughts as a quotation, the text, and the calls of tools as code."""
        parts = ["\n".join(f"> {line}" for line in self._thought.splitlines())] if self._thought else []
        parts.append(self._text)
        parts += [f"```\n{call}\n```" for call in self._calls.values()]
        return "\n\n".join(filter(None, parts))


class _Text:
    """The text on stdout, as it comes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write("\n")

    def add(self, chunk: ModelResponseStream) -> None:
        if text := text_in(chunk):
            self._write(text)

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
