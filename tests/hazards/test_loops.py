"""Every kind of event loop: asyncio's own, in debug mode, with eager tasks, and uvloop's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

import aiollm
from aiollm.integrations.pieces import Written
from aiollm.outbound.chat_frames import ChatFrames
from aiollm.testing import ProviderServer, finish, role, stall, tokens
from tests.engine.calling import answered, collected, opened, pool_facts, text_of

CALLS = 10


def eager() -> asyncio.AbstractEventLoop:
    if not hasattr(asyncio, "eager_task_factory"):
        pytest.skip("needs Python 3.12")
    loop = asyncio.new_event_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    return loop


def uvloops() -> asyncio.AbstractEventLoop:
    return pytest.importorskip("uvloop").new_event_loop()


KINDS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio's own": asyncio.new_event_loop,
    "eager tasks": eager,
    "uvloop": uvloops,
}


async def calls() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall()])
        stream = await opened(server)
        async for _ in stream:
            break
        request = await server.wait_for_disconnect(0)
        assert request.disconnected_by == "client"

        _, error = await collected(await opened(server, timeout=aiollm.Timeouts(idle=0.1)))
        assert isinstance(error, aiollm.IdleTimeout)

        reading = asyncio.create_task(collected(await opened(server)))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await server.wait_for_disconnect(2)

        server.script([role(), tokens("a b", gap=0.001), finish()])
        results = await asyncio.gather(*[collected(await opened(server)) for _ in range(CALLS)])
        assert {(text_of(chunks), error) for chunks, error in results} == {("a b", None)}
        server.script([role(), tokens("a b c", gap=0.02), finish()])
        frames = await handed_on(await opened(server))
        assert [frames.count(part) for part in (b'"a"', b'" b"', b'" c"', b'"stop"')] == [1, 1, 1, 1]
        server.reply("whole")
        answers = await asyncio.gather(*(answered(server) for _ in range(CALLS)))
        assert {answer.choices[0].message.content for answer in answers} == {"whole"}
        assert pool_facts()["active"] == 0


async def handed_on(stream: aiollm.ChunkStream) -> bytes:
    pieces, frames = Written(stream, ChatFrames("m", shows_usage=False)), bytearray()

    def send(data: bytes) -> bool:
        frames.extend(data)
        return True

    async with asyncio.timeout(20):
        while (data := await pieces.next()) is not None:
            frames.extend(data)
            await pieces.pass_on(send)
    return bytes(frames)


@pytest.mark.parametrize("debug", [False, True], ids=["", "in debug mode"])
@pytest.mark.parametrize("kind", KINDS)
def test_streams_live_and_end_in_run_after_run(kind: str, debug: bool, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        with asyncio.Runner(loop_factory=KINDS[kind], debug=debug) as runner:
            runner.run(calls())
    # What a debugging loop has to say, but for callbacks that were slow on a busy machine.
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in said if " took " not in record.getMessage()] == []
