"""Every way to leave an answer that is taken up again, in each of its parts and between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from attrs import frozen

import aiollm
from aiollm import Outcome
from aiollm.api import chat_call, target_of
from aiollm.engine.call import Call
from aiollm.engine.connect import open_stream
from aiollm.middleware.recovery import Recovering
from aiollm.testing import ProviderServer, comment, cut, headers, role, silence, stall, status, tokens
from aiollm.types.timeouts import Timeouts
from tests.engine.calling import arguments, collected, pool_facts
from tests.engine.closing import CLOSE_SECONDS, PATIENCE, now
from tests.middleware.test_recovery import recovering

FIRST = [role(), tokens("as far")]
BROKEN = [*FIRST, cut()]
LIMIT = 0.4  # seconds of a clock that is to run out


@frozen
class Moment:
    """Where a call is held: by what scripts, and what its reader has by then."""

    name: str
    scripts: tuple[Any, ...]
    text: str
    told: bool = False


MOMENTS = (
    Moment("in the first part", ([*FIRST, stall(heartbeat=0.05)],), "as far"),
    Moment("before the new headers", (BROKEN, silence()), "as far"),
    Moment("before the new content", (BROKEN, [headers(), comment(), role(), stall()]), "as far"),
    Moment("between two tries", (BROKEN, status(503, retry_after=30)), "as far"),
    Moment("in the second part", (BROKEN, [role(), tokens(" as"), stall(heartbeat=0.05)]), "as far as", told=True),
)
moments = pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
policies = pytest.mark.parametrize("policy", ["restart", "continue"])
Policy = Literal["restart", "continue"]


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    """Return the provider; when the test is over, no connection of it is left."""
    async with ProviderServer() as running:
        yield running
        assert pool_facts()["active"] == 0
        await running.wait_for(lambda: running.open_connections == pool_facts()["idle"])


class HeldAnswer:
    """A call in a task of its own, held at a moment."""

    def __init__(self, server: ProviderServer, moment: Moment, policy: Policy, **options: Any) -> None:
        server.enqueue(*moment.scripts)
        self._server, self._moment = server, moment
        self._options = {"model": "mistral/scripted", "mid_stream": policy, "num_retries": 1} | options
        self.stream: aiollm.ChunkStream | None = None
        self.text = ""
        self.markers = 0
        self.outcomes: list[Outcome] = []
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        self.stream = await recovering(self._server, **self._options)
        self.stream.on_close(self.outcomes.append)
        while True:
            try:
                chunk = await anext(self.stream)
            except StopAsyncIteration:
                return
            self.text += chunk.choices[0].delta.content or ""
            self.markers += chunk.recovery is not None

    async def held(self) -> None:
        """Wait until the call is where it is held."""
        async with asyncio.timeout(5):
            while len(self._server.log) < len(self._moment.scripts) or self.text != self._moment.text:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.03)  # what the provider sent last is on its way
        assert self.markers == self._moment.told

    async def end(self) -> BaseException | None:
        """Wait for the call's end, and return what it raised."""
        await asyncio.wait({self.task})
        return asyncio.CancelledError() if self.task.cancelled() else self.task.exception()


def partial_of(moment: Moment, policy: Policy) -> str:
    """What an error has of the answer so far: where it began again, of the new one only."""
    return " as" if moment.told and policy == "restart" else moment.text


@policies
@moments
async def test_the_task_is_cancelled(moment: Moment, policy: Policy, server: ProviderServer) -> None:
    call = HeldAnswer(server, moment, policy)
    await call.held()
    since = now()
    call.task.cancel()
    assert isinstance(await call.end(), asyncio.CancelledError)
    await assert_all_left(server, since)
    assert [(outcome.ended, outcome.error) for outcome in call.outcomes] == [("closed", None)]


@policies
@moments
async def test_the_scope_is_cancelled(moment: Moment, policy: Policy, server: ProviderServer) -> None:
    with aiollm.scope() as scope:
        call = HeldAnswer(server, moment, policy)
    await call.held()
    since = now()
    scope.cancel("stop")
    end = await call.end()
    assert isinstance(end, aiollm.StreamCancelled)
    assert end.partial.choices[0].message.content == partial_of(moment, policy)
    await assert_all_left(server, since)
    assert [outcome.ended for outcome in call.outcomes] == ["closed"]


@policies
@moments
async def test_another_task_closes_the_stream(moment: Moment, policy: Policy, server: ProviderServer) -> None:
    call = HeldAnswer(server, moment, policy)
    await call.held()
    assert call.stream is not None
    since = now()
    await call.stream.aclose()
    end = await call.end()
    assert isinstance(end, aiollm.StreamCancelled)
    assert end.partial.choices[0].message.content == partial_of(moment, policy)
    await assert_all_left(server, since)
    assert call.stream.closed
    assert all(attempt.ended is not None for attempt in call.stream.attempts)
    assert [outcome.ended for outcome in call.outcomes] == ["closed"]


@moments
async def test_the_time_is_over(moment: Moment, server: ProviderServer) -> None:
    call = HeldAnswer(server, moment, "continue", timeout=Timeouts(total=LIMIT))
    end = await call.end()
    since = now()
    # A provider that asks for more time than is left is not waited for: the answer's own end is the news then.
    assert isinstance(end, aiollm.StreamInterrupted if moment.name == "between two tries" else aiollm.TotalTimeout)
    assert end.partial.choices[0].message.content == moment.text
    assert [outcome.ended for outcome in call.outcomes] == ["failed"]
    await assert_all_left(server, since)


@policies
async def test_the_loop_is_left_in_the_second_part(policy: Policy, server: ProviderServer) -> None:
    server.enqueue(*MOMENTS[-1].scripts)
    stream = await recovering(server, model="mistral/scripted", mid_stream=policy)
    async for chunk in stream:
        if chunk.recovery is not None:
            break
    since = now()
    await assert_all_left(server, since)
    assert stream.closed


@policies
async def test_the_stream_is_dropped_in_the_second_part(policy: Policy, server: ProviderServer) -> None:
    server.enqueue(*MOMENTS[-1].scripts)
    stream = await recovering(server, model="mistral/scripted", mid_stream=policy)
    while (await anext(stream)).recovery is None:
        pass
    since = now()
    with pytest.warns(ResourceWarning, match=r"opened at .*test_recovery.py") as warned:
        del stream
    assert len(warned) == 1
    await assert_all_left(server, since)


async def test_a_new_part_that_comes_as_the_stream_is_closed_is_closed_too(server: ProviderServer) -> None:
    server.enqueue(*MOMENTS[-1].scripts)
    streams: list[aiollm.ChunkStream] = []

    async def handler(call: Call) -> aiollm.ChunkStream:
        stream = await open_stream(call)
        if streams:  # in the same turn of the loop, so that the scope comes too late to stop it
            await streams[0].aclose()
        return stream

    given = aiollm.acompletion.__kwdefaults__ | {"provider_params": {}} | arguments(server, stream=True)
    streams.append(await Recovering("restart")(chat_call(given, target_of), handler))
    await collected(streams[0])
    await assert_all_left(server, now())


async def assert_all_left(server: ProviderServer, since: float) -> None:
    """The provider saw the client leave what it had not answered in full, promptly; nothing is under way any more."""
    await server.wait_for(lambda: server.open_connections == pool_facts()["idle"])
    assert now() - since <= CLOSE_SECONDS * PATIENCE
    assert pool_facts()["active"] == 0
    assert server.log[-1].finished_at is not None or server.log[-1].disconnected_by == "client"
