"""The connections of one event loop."""

# aiohttp has no public names for these.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import aiohttp

from aiollm.core.connection import RECEIVE_BYTES, WAITING_BYTES, ConnectionProtocol
from aiollm.core.deadlines import Deadlines
from aiollm.core.idle import IdleConnections
from aiollm.core.proxies import Proxy, proxy_for
from aiollm.core.reply import Reply
from aiollm.core.route import Route
from aiollm.core.scope import Abortable
from aiollm.exceptions import StreamCancelled

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ConnectionKey

__all__ = ["Pool"]

DNS_SECONDS = 60

_MOST_ROUTES = 1024

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=None)


class _Connector(aiohttp.TCPConnector):
    """Makes connections; `IdleConnections` keep them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # aiohttp does not type all of them
            ttl_dns_cache=DNS_SECONDS, socket_factory=_socket, **settings
        )
        room = memoryview(bytearray(RECEIVE_BYTES))
        self._factory = cast("partial[ResponseHandler]", partial(ConnectionProtocol, self._loop, room))

    async def connect_to(self, route: Route) -> ConnectionProtocol:
        """Return a new connection.

        Raises:
            aiohttp.ClientError, OSError: there is none to be had.
        """
        protocol = await self._create_connection(route.request, [], _NO_TIMEOUT)
        assert isinstance(protocol, ConnectionProtocol)
        # One parser reads all replies of a connection: another for each would take 10,000 instructions a request.
        protocol.set_response_params(read_until_eof=True, auto_decompress=False, read_bufsize=WAITING_BYTES)
        return protocol


class Pool:
    """Keeps connections open between requests, one pool for each event loop.

    There is no limit on connections: 1,000 streams need 1,000, and a limit in the pool would let stream 101 wait
    without a word. Redirects are not followed, because they would carry the key to another host. The proxy variables
    of the environment are honoured. Cookies are not kept. Idle connections are probed by TCP keep-alive, so that one
    which a NAT gateway has forgotten is noticed.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._connector = _Connector()
        self._opened = self._reused = 0
        self._ways: dict[str, tuple[Route, IdleConnections]] = {}  # by URL
        self._idle: dict[ConnectionKey, IdleConnections] = {}
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
        route, idle = self._ways.get(url) or self._find_way(url)
        head = route.head(headers, len(body))
        self.requests += 1
        protocol = None if new_connection else idle.take()
        if protocol is None:
            protocol = await self._connector.connect_to(route)
            self._opened += 1
        try:
            connected(protocol.used)
            self._reused += protocol.used
            protocol.used = True
            assert protocol.transport is not None
            protocol.transport.write(head + body)
            while True:
                message, content = await protocol.read()
                if not 100 <= message.code < 200 or message.code == 101:  # others only announce the reply
                    return Reply(message, content, protocol, idle)
        except BaseException:
            protocol.close()
            raise

    def proxy_of(self, url: str) -> Proxy | None:
        """Return the proxy that requests to a URL were sent through."""
        return self._ways[url][0].proxy if url in self._ways else None

    def _find_way(self, url: str) -> tuple[Route, IdleConnections]:
        # Once for each URL: the standard library walks the whole environment to find a proxy.
        if len(self._ways) >= _MOST_ROUTES:
            self._ways.clear()
            self._idle = {place: idle for place, idle in self._idle.items() if len(idle)}
        route = Route(url, proxy_for(url), self._loop)
        place = route.request.connection_key  # of all URLs of one server, it is the same
        way = self._ways[url] = route, self._idle.setdefault(place, IdleConnections(self.deadlines))
        return way

    def statistics(self) -> dict[str, int]:
        """Return how many exchanges are active and connections idle now, and what there was so far.

        The members are `active`, `idle`, `opened` and `reused` (connections), and `requests`.
        """
        return {
            "active": len(self.exchanges),
            "idle": sum(map(len, self._idle.values())),
            "opened": self._opened,
            "reused": self._reused,
            "requests": self.requests,
        }

    def __repr__(self) -> str:
        facts = self.statistics()
        return f"<Pool {facts['active']} active, {facts['idle']} idle | {facts['requests']} requests>"

    def close_idle(self) -> None:
        """Close the connections that wait for a next request."""
        for idle in self._idle.values():
            idle.close()

    async def close(self) -> None:
        """Close all connections, also those in use."""
        for exchange in list(self.exchanges):
            exchange.abort(StreamCancelled("the event loop of the stream has ended"))
        closing = [protocol for idle in self._idle.values() for protocol in idle.close()]
        await asyncio.gather(*[closed for protocol in closing if (closed := protocol.closed)], return_exceptions=True)
        await self._connector.close()

    def abandon(self) -> None:
        """Let go of everything without a word: for a loop that is closed, where nothing can be closed in order.

        Or one that runs in a daemon thread while the interpreter ends: its connections are that thread's.
        """
        if self._loop.is_running():
            return
        if not self._loop.is_closed():
            self.close_idle()
        self._connector._close()  # the public method would need the loop; this marks it closed


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """Make a socket that notices a peer that is gone: first probe after 60 s, dead after four more, 15 s apart."""
    family, kind, protocol, _, _ = address
    new = socket.socket(family=family, type=kind, proto=protocol)
    new.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):  # not on every system
            new.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return new
