"""The moments of a call at which it may be cancelled, each with a provider that holds it there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import frozen

import aiollm
from aiollm.testing import ProviderServer, comment, finish, headers, raw, role, silence, stall, tokens
from tests.engine.calling import arguments


@frozen
class Moment:
    """Where a call is held.

    Attributes:
        name: what it waits for.
        script: how the provider holds it there.
        clock: the clock that runs then.
        opened: whether the caller has the stream by then.
        secure: whether to call with TLS, which the provider never answers.
    """

    name: str
    script: Any
    clock: str
    opened: bool = False
    secure: bool = False


BEGUN = [role(), tokens("as far")]

MOMENTS = (
    Moment("connecting", silence(), "connect", secure=True),
    Moment("waiting for headers", silence(), "first_token"),
    Moment("before the first content", [headers(), comment(), role(), stall()], "first_token"),
    Moment("in the middle of an event", [*BEGUN, raw(b'data: {"id": "x", "choi'), stall()], "idle", opened=True),
    Moment("between chunks", [*BEGUN, stall(heartbeat=0.05)], "idle", opened=True),
    Moment("at the end", [*BEGUN, finish(), stall()], "total", opened=True),
)


OPENED = tuple(moment for moment in MOMENTS if moment.opened)
LIMIT = 0.3  # seconds of a clock that is to run out


def by_name(moments: Sequence[Moment]) -> Any:
    """Parametrise a test with moments."""
    return pytest.mark.parametrize("moment", moments, ids=lambda moment: moment.name)


class HeldCall:
    """A streaming call in a task of its own, held at a moment."""

    def __init__(self, server: ProviderServer, moment: Moment, **options: Any) -> None:
        server.script(moment.script)
        if moment.secure:
            server.on_connect("silence")
            options["api_base"] = server.base_url.replace("http:", "https:")
        self.stream: aiollm.ChunkStream | None = None
        self.chunks: list[aiollm.ModelResponseStream] = []
        self._server = server
        self._moment = moment
        self._arguments = arguments(server, stream=True, **options)
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        self.stream = await aiollm.acompletion(**self._arguments)
        while True:
            try:
                self.chunks.append(await anext(self.stream))
            except StopAsyncIteration:
                return

    async def held(self) -> None:
        """Wait until the call is where it is held."""
        async with asyncio.timeout(5):
            while not self._arrived():  # noqa: ASYNC110  # it is the other end that knows
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)  # what the provider sent last is on its way

    def _arrived(self) -> bool:
        if self._moment.secure:
            return self._server.open_connections == 1
        if self._moment.opened:
            return "".join(chunk.choices[0].delta.content or "" for chunk in self.chunks) == "as far"
        return bool(self._server.log)

    async def end(self) -> BaseException | None:
        """Wait for the call's end, and return what it raised."""
        await asyncio.wait({self.task})
        return asyncio.CancelledError() if self.task.cancelled() else self.task.exception()
