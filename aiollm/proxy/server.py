"""A worker's server: the application on a port, under the clocks of its connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from aiollm.integrations import web
from aiollm.proxy.app import make_server
from aiollm.proxy.connection import Connections
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.route import Route
from aiollm.proxy.routes import ROUTES

__all__ = ["IDLE_SECONDS", "serving"]

IDLE_SECONDS = 75.0
"""How long a connection is kept between requests."""

LAST_SECONDS = 5.0
"""How long the end of the server waits for what is still being sent."""

BACKLOG = 1024


@asynccontextmanager
async def serving(
    gateway: Gateway, host: str, port: int, *, shares_port: bool = False, routes: Sequence[Route] = ROUTES
) -> AsyncGenerator[int, None]:
    """Serve until the block is left. Yields the port.

    Args:
        gateway: the worker's state.
        host: the address to listen on.
        port: the port; 0 for a free one.
        shares_port: whether other processes listen on the port too; the kernel spreads connections over them.
        routes: what there is beside the further ones.

    Raises:
        OSError: the port cannot be had.
    """
    server = make_server(gateway, routes, access_log=None, keepalive_timeout=IDLE_SECONDS)
    connections = Connections(server, lambda: gateway.config.aiollm.max_connections_per_address)
    try:
        listener = await asyncio.get_running_loop().create_server(
            connections.accept, host, port, backlog=BACKLOG, reuse_port=shares_port or None
        )
        connections.start()
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
    finally:
        await _end(server)
        connections.stop()


async def _end(server: web.Server) -> None:
    await asyncio.sleep(0)  # a request that has come by now is begun, and not cut off as an idle connection is
    server.pre_shutdown()
    await server.shutdown(LAST_SECONDS)
