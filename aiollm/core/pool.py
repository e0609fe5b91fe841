"""The connections of one event loop."""

# aiohttp has no public names for these.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import aiohttp

from aiollm.core.connection import RECEIVE_BYTES, WAITING_BYTES, ConnectionProtocol
from aiollm.core.deadlines import Deadlines
from aiollm.core.proxies import Proxy, proxy_for
from aiollm.core.reply import Reply
from aiollm.core.route import Route
from aiollm.core.scope import Abortable
from aiollm.exceptions import StreamCancelled

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection

__all__ = ["Pool"]

KEEPALIVE_SECONDS = 15.0
"""How long an idle connection is kept. Servers close theirs after 5 to 60 s."""

DNS_SECONDS = 60

_MOST_ROUTES = 1024

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=None)


class _Connector(aiohttp.TCPConnector):
    """Makes connections, counts them, and forgets idle ones after a sleep."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)  # pyright: ignore[reportUnknownMemberType]  # aiohttp does not type all of them
        room = memoryview(bytearray(RECEIVE_BYTES))
        self._factory = cast("partial[ResponseHandler]", partial(ConnectionProtocol, self._loop, room))
        self._wall_ahead = time.time() - time.monotonic()
        self.opened = 0
        self.reused = 0

    async def connection_for(self, route: Route) -> tuple[Connection, ConnectionProtocol]:
        """Return a connection, idle or new, and its protocol.

        Raises:
            aiohttp.ClientError, OSError: there is none to be had.
        """
        ahead = time.time() - time.monotonic()
        if ahead - self._wall_ahead > KEEPALIVE_SECONDS:
            # The machine has slept: whoever was at the other ends is gone. The monotonic clock stood still meanwhile,
            # so that idle connections look fresh; wall time went on.
            self.close_idle()
        self._wall_ahead = ahead
        while True:
            connection = await self.connect(route.request, [], _NO_TIMEOUT)
            protocol = connection.protocol
            assert isinstance(protocol, ConnectionProtocol)
            if not (protocol.used and protocol.should_close):
                break
            connection.close()  # what came of it unasked would be taken for the reply
        self.reused += protocol.used
        self.opened += not protocol.used
        return connection, protocol

    def close_idle(self) -> None:
        for connections in self._conns.values():
            for protocol, _ in connections:
                protocol.close()
        self._conns.clear()


class Pool:
    """Keeps connections open between requests, one pool for each event loop.

    There is no limit on connections: 1,000 streams need 1,000, and a limit in the pool would let stream 101 wait
    without a word. Redirects are not followed, because they would carry the key to another host. The proxy variables
    of the environment are honoured. Cookies are not kept. Idle connections are probed by TCP keep-alive, so that one
    which a NAT gateway has forgotten is noticed.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._connector = _connector()
        self._fresh: _Connector | None = None  # whose connections are used once
        self._routes: dict[str, Route] = {}
        self.deadlines: Deadlines = Deadlines(self._loop)
        self.exchanges: set[Abortable] = set()  # that have a connection, or wait for one
        self.requests: int = 0

    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        connected: Callable[[bool], None],
        *,
        new_connection: bool = False,
    ) -> Reply:
        """Send a request and return its reply as soon as the head is there.

        aiohttp's connector and parser do it; its session, request and response, made for all that HTTP can be, took
        twice the time.

        Args:
            connected: told when there is a connection, and whether it was used before.
            new_connection: do not use one from the pool.

        Raises:
            aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError, ValueError: `failures` maps them.

        Cancelling closes the connection.
        """
        route = self._routes.get(url) or self._find_route(url)
        head = route.head(headers, len(body))
        self.requests += 1
        connector = self._unpooled() if new_connection else self._connector
        connection, protocol = await connector.connection_for(route)
        try:
            connected(protocol.used)
            protocol.used = True
            protocol.set_response_params(read_until_eof=True, auto_decompress=False, read_bufsize=WAITING_BYTES)
            assert protocol.transport is not None
            protocol.transport.write(head + body)
            while True:
                message, content = await protocol.read()
                if not 100 <= message.code < 200 or message.code == 101:  # others only announce the reply
                    return Reply(message, content, connection, protocol)
        except BaseException:
            connection.close()
            raise

    def proxy_of(self, url: str) -> Proxy | None:
        """Return the proxy that requests to a URL were sent through."""
        return self._routes[url].proxy if url in self._routes else None

    def _find_route(self, url: str) -> Route:
        # Once for each URL: the standard library walks the whole environment to find a proxy.
        if len(self._routes) >= _MOST_ROUTES:
            self._routes.clear()
        route = self._routes[url] = Route(url, proxy_for(url), self._loop)
        return route

    def statistics(self) -> dict[str, int]:
        """Return how many exchanges are active and connections idle now, and what there was so far.

        The members are `active`, `idle`, `opened` and `reused` (connections), and `requests`.
        """
        fresh = self._fresh.opened if self._fresh else 0
        return {
            "active": len(self.exchanges),
            "idle": sum(map(len, self._connector._conns.values())),
            "opened": self._connector.opened + fresh,
            "reused": self._connector.reused,
            "requests": self.requests,
        }

    def __repr__(self) -> str:
        facts = self.statistics()
        return f"<Pool {facts['active']} active, {facts['idle']} idle | {facts['requests']} requests>"

    def close_idle(self) -> None:
        """Close the connections that wait for a next request."""
        self._connector.close_idle()

    async def close(self) -> None:
        """Close all connections, also those in use."""
        for exchange in list(self.exchanges):
            exchange.abort(StreamCancelled("the event loop of the stream has ended"))
        await self._connector.close()
        if self._fresh is not None:
            await self._fresh.close()

    def abandon(self) -> None:
        """Let go of everything without a word: for a loop that is closed, where nothing can be closed in order.

        Or one that runs in a daemon thread while the interpreter ends: its connections are that thread's.
        """
        for connector in (self._connector, self._fresh):
            if connector is not None:
                if self._loop.is_running():
                    connector._closed = True
                else:
                    connector._close()  # the public method would need the loop; this marks it closed

    def _unpooled(self) -> _Connector:
        if self._fresh is None:
            self._fresh = _connector(force_close=True)
        return self._fresh


def _connector(**settings: Any) -> _Connector:
    if not settings.get("force_close"):
        settings["keepalive_timeout"] = KEEPALIVE_SECONDS
    return _Connector(limit=0, ttl_dns_cache=DNS_SECONDS, socket_factory=_socket, **settings)


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """Make a socket that notices a peer that is gone: first probe after 60 s, dead after four more, 15 s apart."""
    family, kind, protocol, _, _ = address
    new = socket.socket(family=family, type=kind, proto=protocol)
    new.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):  # not on every system
            new.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return new
