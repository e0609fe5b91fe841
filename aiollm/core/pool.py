"""The connections of one event loop."""

# aiohttp has no public names for these.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from functools import partial
from http.cookies import SimpleCookie
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol, cast
from weakref import ReferenceType

import aiohttp
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from aiollm.core.proxies import Proxy, proxy_for
from aiollm.core.scope import Abortable
from aiollm.exceptions import StreamCancelled
from aiollm.types.secret import HiddenText

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

__all__ = ["ConnectWatcher", "Pool", "end_pause", "is_full", "watcher"]

KEEPALIVE_SECONDS = 15.0
"""How long an idle connection is kept. Servers close theirs after 5 to 60 s."""

DNS_SECONDS = 60

RECEIVE_BYTES = 64 * 1024
"""How much is taken from a socket at a time. Event loops would take 256 KiB, and all of it for one slow reader."""

WAITING_BYTES = 16 * 1024
"""When nobody reads, the socket is left alone once twice as much waits."""

_MOST_ROUTES = 1024

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=None)
# aiohttp warns of a bytes body from 1 MiB on, because it is written in one go; a file is written in pieces.
_LARGE_BODY_BYTES = 1024 * 1024


class ConnectWatcher(Protocol):
    """Told when a request has its connection."""

    def connected(self, *, reused: bool) -> None: ...


watcher: ContextVar[ReferenceType[ConnectWatcher] | None] = ContextVar("watcher", default=None)
"""Who is told of the connection of the request that the current task is sending. A weak reference: asyncio keeps the
context in which a connection or a timer was made for as long as that lasts."""


class _Protocol(ResponseHandler, asyncio.BufferedProtocol):
    """One connection. It knows whether it was used, and ends a body when it is lost.

    (aiohttp lets the reader wait for ever after a malformed chunk size.)

    Args:
        loop: the event loop.
        room: where all connections of the loop receive, one at a time: what has come is taken out at once.
    """

    used = False

    def __init__(self, loop: asyncio.AbstractEventLoop, room: memoryview) -> None:
        super().__init__(loop)
        self._room = room

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _wait_with_less(transport)
        super().connection_made(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._room[:nbytes]))

    def pause_reading(self) -> None:
        super().pause_reading()
        if self._payload is not None:
            end_pause(self._payload)

    def resume_reading(self, *args: Any, **options: Any) -> None:
        # aiohttp calls this for each piece that is taken, and would have its parser read nothing: 6 us a chunk.
        if self._reading_paused:
            super().resume_reading(*args, **options)

    def connection_lost(self, exc: BaseException | None) -> None:
        body = self._payload
        super().connection_lost(exc)
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("the body is malformed, or the connection was closed in it"))


def end_pause(body: aiohttp.StreamReader) -> None:
    """Wake who waits for the end of a body, though it has not come; `asyncio.timeout` takes twice as long."""
    waiter = getattr(body, "_eof_waiter", None)  # an empty body has none
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def is_full(connection: Connection | None) -> bool:
    """Whether a connection holds as much as it may, so that no more comes before some of it is read."""
    protocol = None if connection is None else connection.protocol
    return protocol is not None and protocol._reading_paused


def _wait_with_less(transport: asyncio.BaseTransport) -> None:
    """Bound what a TLS connection of asyncio holds encrypted while nobody reads; it would be up to 512 KiB.

    What it takes from a socket at a time can be told to it in no public way.
    """
    protocol: Any = getattr(transport, "_ssl_protocol", None)
    if protocol is not None and hasattr(protocol, "_ssl_buffer_view"):
        protocol._set_read_buffer_limits(high=WAITING_BYTES)
        protocol.max_size = RECEIVE_BYTES
        protocol._ssl_buffer = bytearray(RECEIVE_BYTES)
        protocol._ssl_buffer_view = memoryview(protocol._ssl_buffer)


class _Connector(aiohttp.TCPConnector):
    """Counts connections, tells the watcher when its request has one, and forgets idle ones after a sleep."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)  # pyright: ignore[reportUnknownMemberType]  # aiohttp does not type all of them
        room = memoryview(bytearray(RECEIVE_BYTES))
        self._factory = cast("partial[ResponseHandler]", partial(_Protocol, self._loop, room))
        self._wall_ahead = time.time() - time.monotonic()
        self.opened = 0
        self.reused = 0

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        ahead = time.time() - time.monotonic()
        if ahead - self._wall_ahead > KEEPALIVE_SECONDS:
            # The machine has slept: whoever was at the other ends is gone. The monotonic clock stood still meanwhile,
            # so that idle connections look fresh; wall time went on.
            self.close_idle()
        self._wall_ahead = ahead
        connection = await super().connect(req, traces, timeout)
        protocol: Any = connection.protocol
        reused, protocol.used = protocol.used, True
        self.reused += reused
        self.opened += not reused
        reference = watcher.get()
        if reference is not None and (told := reference()) is not None:
            told.connected(reused=reused)
        return connection

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
        self._session = _session(self._connector)
        self._fresh: aiohttp.ClientSession | None = None  # whose connections are used once
        self._routes: dict[str, tuple[URL, Proxy | None]] = {}
        self.exchanges: set[Abortable] = set()  # that have a connection, or wait for one
        self.requests: int = 0

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, new_connection: bool = False
    ) -> Awaitable[aiohttp.ClientResponse]:
        """Send a request and return its response as soon as the head is there.

        Args:
            new_connection: do not use one from the pool.

        Raises:
            aiohttp.ClientError, OSError: as aiohttp raises them; `transport` maps them.
        """
        address, proxy = self._routes.get(url) or self._find_route(url)
        self.requests += 1
        session = self._unpooled() if new_connection else self._session
        return session.post(
            address,
            data=BytesIO(body) if len(body) >= _LARGE_BODY_BYTES else body,
            headers=headers,
            allow_redirects=False,
            proxy=proxy.url if proxy else None,
            proxy_headers=_proxy_headers(proxy),
        )

    def proxy_of(self, url: str) -> Proxy | None:
        """Return the proxy that requests to a URL were sent through."""
        return self._routes[url][1] if url in self._routes else None

    def _find_route(self, url: str) -> tuple[URL, Proxy | None]:
        # Once for each URL: the standard library walks the whole environment to find a proxy.
        if len(self._routes) >= _MOST_ROUTES:
            self._routes.clear()
        # What has percent signs is encoded as it should be: normalised, it would not fit its signature any more.
        route = self._routes[url] = (URL(url, encoded="%" in url and url.isascii()), proxy_for(url))
        return route

    def statistics(self) -> dict[str, int]:
        """Return how many exchanges are active and connections idle now, and what there was so far.

        The members are `active`, `idle`, `opened` and `reused` (connections), and `requests`.
        """
        fresh = self._fresh.connector.opened if self._fresh and isinstance(self._fresh.connector, _Connector) else 0
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
        await self._session.close()
        if self._fresh is not None:
            await self._fresh.close()

    def abandon(self) -> None:
        """Let go of everything without a word: for a loop that is closed, where nothing can be closed in order.

        Or one that runs in a daemon thread while the interpreter ends: its connections are that thread's.
        """
        for session in (self._session, self._fresh):
            if session is not None and session.connector is not None:
                if self._loop.is_running():
                    session.connector._closed = True
                else:
                    session.connector._close()  # the public method would need the loop; this marks it closed
                session.detach()

    def _unpooled(self) -> aiohttp.ClientSession:
        if self._fresh is None:
            self._fresh = _session(_connector(force_close=True))
        return self._fresh


def _proxy_headers(proxy: Proxy | None) -> dict[str, str] | None:
    # aiohttp moves it to Proxy-Authorization, of the request or of the CONNECT before it.
    if proxy is None or proxy.credentials is None:
        return None
    return {"Authorization": HiddenText(aiohttp.encode_basic_auth(*proxy.credentials))}


class _NoCookies(aiohttp.DummyCookieJar):
    """Keeps no cookies, and makes no new mapping of none for each request."""

    _none: SimpleCookie = SimpleCookie()

    def filter_cookies(self, request_url: URL) -> SimpleCookie:
        return self._none


def _session(connector: _Connector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        timeout=_NO_TIMEOUT,
        auto_decompress=False,
        cookie_jar=_NoCookies(),
        headers={"User-Agent": "aiollm"},
        read_bufsize=WAITING_BYTES,
    )


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
