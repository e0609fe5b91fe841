"""One accepted connection: requests in, scripted answers out, and an eye on the client at all times."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Protocol, cast

from aiollm.testing.exchange import ClientLeft, Exchange
from aiollm.testing.log import Ending, Headers, LoggedRequest, Side
from aiollm.testing.request_parser import MalformedRequest, ParsedRequest, RequestParser
from aiollm.testing.step import ScriptError, Step

Greeting = Literal["serve", "silence", "fin", "rst"]
_LINGER_ZERO = struct.pack("ii", 1, 0)


class Host(Protocol):
    """What a connection needs of its server."""

    greeting: Greeting
    limit: float
    log: list[LoggedRequest]
    errors: list[BaseException]

    def steps_for(self, request: LoggedRequest) -> tuple[Step, ...]: ...

    def opened(self, connection: Connection) -> int: ...

    def lost(self, connection: Connection) -> None: ...

    def changed(self) -> None: ...


class Connection(asyncio.Protocol):
    """Reads at all times, so that a client which leaves is seen at once, whatever the script is waiting for."""

    def __init__(self, host: Host) -> None:
        self.close_next: Ending | None = None
        self.close_after: float | None = None
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser()
        self._requests: asyncio.Queue[ParsedRequest | MalformedRequest | None] = asyncio.Queue()
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._last: LoggedRequest | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # The buffer counts as full when it holds anything, so each write is a send of its own.
        self._transport.set_write_buffer_limits(high=0)
        self.number: int = self._host.opened(self)
        if self._host.greeting in ("fin", "rst"):
            self.close(self._host.greeting)
        self.task: asyncio.Task[None] = self._loop.create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        if self._host.greeting == "silence":
            return
        try:
            for request in self._parser.feed(data):
                self._requests.put_nowait(request)
        except MalformedRequest as error:
            self._requests.put_nowait(error)
        if self._parser.wants_continue:
            self._parser.wants_continue = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def eof_received(self) -> None:
        self._end("client", "fin")
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        # A broken pipe is a write that met a client whose FIN was not yet read.
        self._end("client", "fin" if exc is None or isinstance(exc, BrokenPipeError) else "rst")
        self._host.lost(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # What an exchange calls

    async def write(self, data: bytes) -> None:
        if self._gone.done():
            raise ClientLeft
        self._transport.write(data)
        await self._writable.wait()

    def close(self, how: Ending) -> None:
        self._end("server", how)
        if how == "fin":
            self._transport.close()
            return
        handle = self._transport.get_extra_info("socket")
        with suppress(OSError):  # the client left just now, and the socket is closed
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._transport.abort()

    # What the server calls

    def shut_down(self) -> None:
        """Stop at once, because the server closes. An answer that was whole keeps its clean record."""
        if self._last is not None and self._last.finished_at is not None:
            self._last = None
        self._end("server", "fin")
        self._transport.abort()

    # The life of the connection

    async def _serve(self) -> None:
        while parsed := await self._requests.get():
            if isinstance(parsed, MalformedRequest):
                await self._refuse(parsed)
                return
            request = self._logged(parsed)
            if self.close_next is not None:
                self.close(self.close_next)
                return
            await self._answer(request, keep_alive=_keeps_alive(request))
            if self.close_after is not None and not self._gone.done():
                await asyncio.wait({self._gone}, timeout=self.close_after)
                self.close("fin")

    async def _answer(self, request: LoggedRequest, *, keep_alive: bool) -> None:
        exchange = Exchange(request, self, keep_alive=keep_alive)
        script = self._loop.create_task(_run(self._host.steps_for, exchange))
        await asyncio.wait({script, self._gone}, timeout=self._host.limit, return_when=asyncio.FIRST_COMPLETED)
        late = not script.done() and not self._gone.done()
        if not script.done():
            script.cancel()
            await asyncio.wait({script})
        failure = None if script.cancelled() else script.exception()
        if late:
            failure = ScriptError(f"the script of {request!r} ran longer than its limit of {self._host.limit:g} s")
        if failure is not None and not isinstance(failure, ClientLeft):
            self._host.errors.append(failure)
            self.close("rst")
        self._host.changed()

    async def _refuse(self, error: MalformedRequest) -> None:
        text = f"The scripted provider cannot read this request: {error}.\n".encode()
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
        self._transport.write(head.encode() + b"Connection: close\r\n\r\n" + text)
        self.close("fin")

    def _logged(self, parsed: ParsedRequest) -> LoggedRequest:
        request = LoggedRequest(
            index=len(self._host.log),
            connection=self.number,
            method=parsed.method,
            target=parsed.target,
            version=parsed.version,
            headers=Headers(parsed.fields),
            body=parsed.body,
            trailers=Headers(parsed.trailers),
            received_at=time.monotonic(),
        )
        self._last = request
        self._host.log.append(request)
        self._host.changed()
        return request

    def _end(self, by: Side, how: Ending) -> None:
        """Note who ended the connection, and how; only the first to do so counts."""
        if self._gone.done():
            return
        if self._last is not None:
            self._last.disconnected_at = time.monotonic()
            self._last.disconnected_by = by
            self._last.disconnected_how = how
        self._gone.set_result(None)
        self._requests.put_nowait(None)


async def _run(choose: Callable[[LoggedRequest], tuple[Step, ...]], exchange: Exchange) -> None:
    for position, step in enumerate(choose(exchange.request)):
        try:
            await step.run(exchange)
        except ClientLeft:
            raise
        except Exception as error:
            error.add_note(f"in step {position}, {step!r}, of the script for {exchange.request!r}")
            raise
    await exchange.end()


def _keeps_alive(request: LoggedRequest) -> bool:
    said = request.headers.get("connection", "").lower()
    return "close" not in said if request.version == "1.1" else "keep-alive" in said
