"""Streams that give events as they came, for those who hand them on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiollm import IdleTimeout, StreamInterrupted, Timeouts
from aiollm.engine.outcome import Outcome
from aiollm.testing import ProviderServer, Step, chunk, cut, done, finish, raw, role, stall, usage
from aiollm.testing.event_steps import event_bytes
from aiollm.wire.alike import AlikeEvents, Run
from tests.engine.calling import opened

BEFORE = (
    b'{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"'
)
AFTER = b'"},"finish_reason":null}]}'
ALIKE = AlikeEvents("content", BEFORE, AFTER)


def text(*texts: str) -> Step:
    """Events that differ in their text only, in one write."""
    return raw(b"".join(event_bytes(BEFORE + one.encode() + AFTER) for one in texts))


async def given(steps: list[Step], **options: Any) -> tuple[list[Any], Outcome, Exception | None]:
    """What a stream gives that expects such events from its second piece on, its outcome, and its error."""
    pieces: list[Any] = []
    outcomes: list[Outcome] = []
    fault = None
    async with ProviderServer() as server:
        server.script([role(), text("The"), stall(0.02), *steps])
        stream = await opened(server, **options)
        stream.on_close(outcomes.append)
        stream.expect(ALIKE)
        try:
            while batch := await next_run(stream) or await stream.next_batch():
                pieces += batch
        except Exception as error:  # noqa: BLE001  # it is what the test looks at
            fault = error
    return pieces, outcomes[0], fault


async def next_run(stream: Any) -> list[Run]:
    taken: list[Run] = []

    def write(run: Run) -> bytes:
        taken.append(run)
        return run.data

    def send(data: bytes) -> bool:
        return False

    await stream.pass_runs(write, send)
    return taken


def runs(pieces: list[Any]) -> list[bytes]:
    return [piece.data for piece in pieces if isinstance(piece, Run)]


async def test_events_that_are_expected_are_given_as_they_came_and_accounted_for() -> None:
    steps = [
        text(" sky"),
        stall(0.02),
        text(" is", ' \\"blue\\"'),
        stall(0.02),
        text("."),
        finish("stop"),
        usage(),
        done(),
    ]
    pieces, outcome, fault = await given(steps)
    assert fault is None
    assert runs(pieces) == [b" sky", b' is \\"blue\\"', b"."]
    assert (outcome.ended, outcome.finish_reason, outcome.chunks) == ("complete", "stop", 7)
    assert outcome.usage is not None
    assert outcome.response.choices[0].message.content == 'The sky is "blue".'


async def test_other_events_among_them_are_read() -> None:
    other = chunk({"choices": [{"index": 0, "delta": {"content": " (sic)"}, "finish_reason": None}]})
    pieces, outcome, _ = await given([text(" sky"), other, text(" is"), finish("stop"), done()])
    assert outcome.response.choices[0].message.content == "The sky (sic) is"
    assert len(pieces) - len(runs(pieces)) >= 3


async def test_a_stream_that_breaks_off_has_what_was_given_in_its_error() -> None:
    pieces, outcome, fault = await given([text(" sky"), stall(0.02), text(" is"), cut()])
    assert runs(pieces) == [b" sky", b" is"]
    assert isinstance(fault, StreamInterrupted)
    assert fault.partial.choices[0].message.content == "The sky is"
    assert outcome.ended == "failed"


async def test_events_that_are_given_as_they_came_keep_a_stream_from_being_idle() -> None:
    steps = [step for _ in range(6) for step in (text("a"), stall(0.15))]
    _, outcome, fault = await given([*steps, finish("stop"), done()], timeout=Timeouts(idle=0.5))
    assert (fault, outcome.ended) == (None, "complete")
    _, _, fault = await given([text("a"), stall(heartbeat=0.1)], timeout=Timeouts(idle=0.4))
    assert isinstance(fault, IdleTimeout)


@pytest.mark.parametrize("options", [{"mid_stream": "restart"}], ids=["taken up again"])
async def test_a_stream_that_is_more_than_the_wire_gives_no_runs(options: dict[str, Any]) -> None:
    pieces, outcome, _ = await given([text(" sky", " is"), finish("stop"), done()], **options)
    assert runs(pieces) == []
    assert outcome.response.choices[0].message.content == "The sky is"


async def test_closing_while_the_next_event_is_waited_for_ends_it() -> None:
    async with ProviderServer() as server:
        server.script([role(), text("The"), stall(0.02), text(" sky"), stall()])
        stream = await opened(server)
        stream.expect(ALIKE)

        came = asyncio.Event()

        async def read() -> None:
            while True:
                await next_run(stream) or await stream.next_batch()
                if stream.chunks == 3:
                    came.set()

        reading = asyncio.create_task(read())
        await came.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert stream.closed
        await server.wait_for_disconnect(timeout=5)
