"""Steps for waiting, and for every way an answer and its connection can end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from aiollm.testing.event_steps import comment_bytes
from aiollm.testing.exchange import Exchange
from aiollm.testing.step import Step, call_name, require


def stall(seconds: float | None = None, *, heartbeat: float | None = None) -> Step:
    """Send nothing for some seconds, or until the client leaves; with a heartbeat, a comment that often.

    Before anything was sent it holds back the head too; put `headers()` first for a head and then silence.
    """
    require(seconds is None or seconds >= 0, f"stall: seconds are 0 or more, not {seconds!r}")
    require(heartbeat is None or heartbeat > 0, f"stall: the heartbeat is above 0 seconds, not {heartbeat!r}")

    async def run(exchange: Exchange) -> None:
        if heartbeat is None:
            await exchange.wait(seconds)
            return
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds
        while end is None or loop.time() + heartbeat <= end:
            await exchange.wait(heartbeat)
            await exchange.body(comment_bytes("heartbeat"))
        await exchange.wait(max(0.0, end - loop.time()))

    return Step(call_name("stall", seconds, heartbeat=heartbeat), run, sends=heartbeat is not None)


def silence() -> Step:
    """Never answer: the request was read, and nothing comes until the client leaves."""

    async def run(exchange: Exchange) -> None:
        await exchange.wait(None)

    return Step("silence()", run, ends=True)


def fin() -> Step:
    """End the body cleanly, whatever it held. The end of a script does the same; this says that it is meant."""

    async def run(exchange: Exchange) -> None:
        await exchange.end()

    return Step("fin()", run, sends=True, ends=True)


def trailers(fields: Mapping[str, str]) -> Step:
    """End a chunked body with trailer fields."""
    listed = list(fields.items())

    async def run(exchange: Exchange) -> None:
        await exchange.end(listed)

    return Step(call_name("trailers", fields), run, sends=True, ends=True)


def cut() -> Step:
    """Close the connection in the middle of the body: a FIN without the end that the framing promised."""
    return _closing("cut()", "fin")


def rst() -> Step:
    """Reset the connection. What the client's system had not taken in yet is lost."""
    return _closing("rst()", "rst")


def linger(seconds: float | None = None) -> Step:
    """Keep the body open after what was the last event: the end comes late, or not before the client leaves."""
    waiting = stall(seconds)
    return Step(call_name("linger", seconds), waiting.run)


def close_after_response(delay: float = 0.0) -> Step:
    """Close the connection some seconds after this answer, without having announced it."""
    require(delay >= 0, f"close_after_response: the delay is 0 seconds or more, not {delay!r}")

    async def run(exchange: Exchange) -> None:
        exchange.connection.close_after = delay

    return Step(call_name("close_after_response", delay), run)


def close_on_next_request(how: Literal["fin", "rst"] = "fin") -> Step:
    """Keep the connection open after this answer, and close it when the next request comes on it."""
    require(how in ("fin", "rst"), f"close_on_next_request: how is 'fin' or 'rst', not {how!r}")

    async def run(exchange: Exchange) -> None:
        exchange.connection.close_next = how

    return Step(call_name("close_on_next_request", how), run)


def _closing(name: str, how: Literal["fin", "rst"]) -> Step:
    async def run(exchange: Exchange) -> None:
        await exchange.close(how)

    return Step(name, run, ends=True)
