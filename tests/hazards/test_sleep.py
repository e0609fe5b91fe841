"""A machine that slept, or was idle for long: its pooled connections are dead, or may be.

While a machine sleeps, the monotonic clock stands still on Linux and macOS, and wall time goes on.
"""

from __future__ import annotations

import time

import pytest

from aiollm.core.idle import KEEPALIVE_SECONDS
from aiollm.testing import ProviderServer
from tests.engine.calling import answered, collected, opened, pool_facts, text_of


def move_forward(monkeypatch: pytest.MonkeyPatch, seconds: float, *, clock: str) -> None:
    """Let one of the two clocks jump; the other goes on as it does."""
    target, name, real = {
        "wall": (time, "time", time.time),
        "monotonic": (time, "monotonic", time.monotonic),
    }[clock]
    monkeypatch.setattr(target, name, lambda: real() + seconds)


@pytest.mark.parametrize("clock", ["wall", "monotonic"])
async def test_connections_that_were_idle_for_long_are_not_used(monkeypatch: pytest.MonkeyPatch, clock: str) -> None:
    async with ProviderServer() as server:
        await answered(server)
        await answered(server)
        assert server.connections == 1
        move_forward(monkeypatch, KEEPALIVE_SECONDS + 1, clock=clock)
        await answered(server)
        assert server.connections == 2
        request = await server.wait_for_disconnect(1)
        assert request.disconnected_by == "client"
        assert pool_facts()["idle"] == 1


@pytest.mark.parametrize("clock", ["wall", "monotonic"])
async def test_connections_that_were_idle_for_a_little_are_used(monkeypatch: pytest.MonkeyPatch, clock: str) -> None:
    async with ProviderServer() as server:
        await answered(server)
        move_forward(monkeypatch, KEEPALIVE_SECONDS - 1, clock=clock)
        await answered(server)
        assert server.connections == 1


async def test_a_wall_clock_that_is_set_back_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ProviderServer() as server:
        await answered(server)
        move_forward(monkeypatch, -86_400, clock="wall")
        await answered(server)
        assert server.connections == 1


async def test_a_stream_outlives_a_jump_of_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ProviderServer() as server:
        server.reply("one two three")
        stream = await opened(server, timeout=20)
        move_forward(monkeypatch, 3_600, clock="wall")
        chunks, error = await collected(stream)
        assert (text_of(chunks), error) == ("one two three", None)
