"""Many streams at a time, each opened as soon as another has ended."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field

import aiollm
from tests.engine.calling import text_of
from tests.soak.scenario import TOO_LONG, Scenario, arguments, scenario

BLOCKING_SHARE = 10  # one stream in ten is read by a thread


@define
class Load:
    """The streams of one soak.

    Attributes:
        base_url: of the provider.
        seed: of the scenarios.
        endings: how many streams ended in which way.
        unexpected: what should not have happened, in words.
    """

    base_url: str
    seed: int
    endings: Counter[str] = field(factory=Counter)
    unexpected: list[str] = field(factory=list)
    _numbers: Any = field(factory=itertools.count)  # next() of it is atomic
    _over: bool = False

    @property
    def calls(self) -> int:
        return self.endings.total()

    @asynccontextmanager
    async def running(self, streams: int) -> AsyncIterator[None]:
        """Keep `streams` streams open, and let them end at the end."""
        threads = [threading.Thread(target=self._block) for _ in range(streams // BLOCKING_SHARE)]
        for thread in threads:
            thread.start()
        tasks = [asyncio.create_task(self._stream()) for _ in range(streams - len(threads))]
        try:
            yield
        finally:
            self._over = True
            await asyncio.gather(*tasks)
            for thread in threads:
                await asyncio.to_thread(thread.join)

    async def _stream(self) -> None:
        while not self._over:
            number = next(self._numbers)
            drawn = scenario(self.seed, number)
            chunks: list[aiollm.ModelResponseStream] = []
            reader = asyncio.create_task(self._read(number, drawn, chunks))
            await asyncio.wait({reader}, timeout=drawn.after / 10 if drawn.way == "cancel" else TOO_LONG)
            hangs = not reader.done() and drawn.way != "cancel"
            reader.cancel()
            await asyncio.wait({reader})
            left = reader.cancelled() or drawn.way in ("break", "close")
            error = None if reader.cancelled() else reader.exception()
            if hangs:
                error = TimeoutError(f"it hung for {TOO_LONG:g} s")
            self._note(number, drawn, chunks, error, left=left and not hangs)

    async def _read(self, number: int, drawn: Scenario, chunks: list[aiollm.ModelResponseStream]) -> None:
        stream = await aiollm.acompletion(**arguments(self.base_url, number, drawn))
        async for chunk in stream:
            chunks.append(chunk)
            if len(chunks) >= drawn.after and drawn.way in ("break", "close"):
                if drawn.way == "close":
                    await stream.aclose()
                break

    def _block(self) -> None:
        while not self._over:
            number = next(self._numbers)
            drawn = scenario(self.seed, number)
            chunks: list[aiollm.ModelResponseStream] = []
            error: BaseException | None = None
            started = time.monotonic()
            try:
                self._read_blocking(number, drawn, chunks)
            except Exception as caught:  # noqa: BLE001  # whatever it is, it is looked at
                error = caught
            if time.monotonic() - started > TOO_LONG:
                error = TimeoutError(f"it hung for {TOO_LONG:g} s")
            self._note(number, drawn, chunks, error, left=drawn.way != "read")

    def _read_blocking(self, number: int, drawn: Scenario, chunks: list[aiollm.ModelResponseStream]) -> None:
        stream = aiollm.completion(**arguments(self.base_url, number, drawn))
        for chunk in stream:
            chunks.append(chunk)
            if len(chunks) >= drawn.after and drawn.way != "read":
                if drawn.way == "close":
                    stream.close()
                break

    def _note(
        self,
        number: int,
        drawn: Scenario,
        chunks: list[aiollm.ModelResponseStream],
        error: BaseException | None,
        *,
        left: bool,
    ) -> None:
        """Count an ending, and say so if it is not the scenario's. Of a stream that was left, only errors count."""
        is_right = (left and error is None) or (
            drawn.expects(error) and drawn.explains(text_of(chunks), whole=error is None)
        )
        self.endings["left" if left and error is None else type(error).__name__ if error else "whole"] += 1
        if not is_right:
            read = f"{len(chunks)} chunks, {text_of(chunks)[-60:]!r}"
            self.unexpected.append(f"stream {number}, {drawn.case.name!r}, {drawn.way}: {error!r} after {read}")
