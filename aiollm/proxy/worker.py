"""One worker process: it serves, follows its configuration, and ends when it is told to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

from aiollm.proxy.drain import drain
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.ledger import Database
from aiollm.proxy.reloading import keep_current
from aiollm.proxy.server import serving
from aiollm.proxy.service import Service

__all__ = ["run_worker"]


async def run_worker(
    service: Service, database: Database, number: int, ready: Callable[[int], object], *, lifeline: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, and then until the calls that go on have ended; a second signal hurries.

    SIGHUP takes over the configuration anew.

    Args:
        service: what is served.
        database: that of the service; it is closed in the end.
        number: which worker of the service it is, from 0.
        ready: called with the port, once it serves.
        lifeline: a pipe; when its other end is closed, the parent process is gone, and the worker ends too.

    Raises:
        StoreUnavailable: the store cannot be reached.
        OSError: the port cannot be had.
        ValueError: the configuration cannot be used.
    """
    stop, hurry, wanted = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def end() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, end)
    if lifeline is None:
        loop.add_signal_handler(signal.SIGINT, end)
    else:  # a terminal sends Ctrl-C to all; the parent passes it on
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        loop.add_reader(lifeline, _orphaned, loop, lifeline, end)
    loop.add_signal_handler(signal.SIGHUP, wanted.set)
    async with (
        Gateway(service.config, database, service.spool(number), number=number, workers=service.workers) as gateway,
        serving(gateway, service.host, service.port, shares_port=service.workers > 1) as port,
    ):
        ready(port)
        following = asyncio.ensure_future(_follow(service, gateway, wanted))
        await stop.wait()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await drain(gateway, hurry)


async def _follow(service: Service, gateway: Gateway, wanted: asyncio.Event) -> None:
    if service.path is not None:
        await keep_current(gateway, service.path, service.reading.marks, wanted, needs_key=service.needs_key)


def _orphaned(loop: asyncio.AbstractEventLoop, lifeline: int, end: Callable[[], None]) -> None:
    loop.remove_reader(lifeline)
    end()
