"""One HTTP exchange: a request out, a reply in, read as it comes.

This is the only place that meets aiohttp's errors: `failures` maps them, once, to ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http import HttpProcessingError

from aiollm.core.call_scope import CallScope
from aiollm.core.clocks import Clocks
from aiollm.core.connection import end_pause
from aiollm.core.failures import failure_of
from aiollm.core.pool import Pool
from aiollm.core.reply import Reply
from aiollm.exceptions import APIError, EventTooLarge, StreamInterrupted
from aiollm.wire.compression import Inflater, inflater
from aiollm.wire.http import ReplyHead

__all__ = ["Exchange"]

DRAIN_BYTES = 64 * 1024
DRAIN_SECONDS = 0.1
"""How much is read after an answer's end marker, and for how long, so that the connection can be used again."""

_LOST_BEFORE_REPLY = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError)
_FAULTS = (aiohttp.ClientError, HttpProcessingError, OSError)  # TimeoutError is an OSError
_NO_HEAD = ReplyHead(status=0, headers={})


class Exchange:
    """A request and its reply, from `send` to `release` or `abort`.

    Args:
        pool: the connections of the running loop.
        scope: the call's. It has the clocks, and aborts the exchange when it is cancelled.

    Attributes:
        head: status and headers, once `send` has returned.
        host: host and port that are asked, for messages.
        phase: "connect", "headers" (sent, no reply yet) or "body".
        clocks: the clocks of reading the body.
        on_abort: called with the reason when the body is cut off while nobody reads it, so that the end is not first
            noticed by whoever reads next.
        loop: the event loop it belongs to.
    """

    def __init__(self, pool: Pool, scope: CallScope) -> None:
        self.head: ReplyHead = _NO_HEAD
        self.host: str = ""
        self.phase: str = "connect"
        self._url = ""
        self.clocks: Clocks = Clocks(pool.deadlines, total=scope.deadline, on_expiry=self._expire)
        self._pool = pool
        self._scope = scope
        self.loop: asyncio.AbstractEventLoop = scope.loop
        self.on_abort: Callable[[BaseException], None] | None = None
        self._reading = False
        self._reused = False
        self._sender: asyncio.Task[Any] | None = None  # the task that waits for the head, unless it was cancelled here
        self._reply: Reply | None = None
        self._inflater: Inflater | None = None
        self._reason: BaseException | None = None  # why it was aborted
        self._ended = False
        pool.exchanges.add(self)
        scope.attach(self)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> ReplyHead:
        """Send the request and return the reply's head.

        A connection from the pool may be closed by the server just as the request goes out: a race nobody can avoid.
        If no byte of a reply came, the request is sent once more, on a new connection.

        Raises:
            APIError: no reply came; its class says why.

        Cancelling closes the connection.
        """
        if self._reason is not None:
            raise self._reason
        self._url = url
        self.host = _host_in(url)
        try:
            reply = await self._attempt(url, headers, body, new_connection=False)
            if reply is None:
                reply = await self._attempt(url, headers, body, new_connection=True)
                assert reply is not None
        except (*_FAULTS, ValueError) as error:
            failure = self._failed(error)
        except BaseException:
            self.abort(None)
            raise
        else:
            return self._begin(reply)
        # Raised out here so that the original, whose frames hold the request's headers, is not its context.
        raise failure

    async def _attempt(
        self, url: str, headers: Mapping[str, str], body: bytes, *, new_connection: bool
    ) -> Reply | None:
        """Send the request once; None where a connection from the pool was lost before any of the reply came."""
        self.phase = "connect"
        self.clocks.allow("connect", self._scope.timeouts.connect)
        self._sender = task = asyncio.current_task(self.loop)
        assert task is not None
        cancelling = task.cancelling()
        self.clocks.start_waiting()
        try:
            return await self._pool.post(url, headers, body, self._connected, new_connection=new_connection)
        except asyncio.CancelledError:
            if self._sender is not None or task.cancelling() > cancelling + 1:
                raise  # somebody else cancels the task
            raise TimeoutError from None
        except _LOST_BEFORE_REPLY as error:
            if new_connection or not self._reused or self._reason is not None or _reply_began(error):
                raise
            return None
        finally:
            if self._sender is None:
                task.uncancel()
            self._sender = None
            self.clocks.stop_waiting()

    def _connected(self, reused: bool) -> None:
        self._reused = reused
        self.phase = "headers"
        self.clocks.allow("first_token", self._scope.timeouts.first_token)

    def _begin(self, reply: Reply) -> ReplyHead:
        self.phase = "body"
        self._reply = reply
        if self._reason is not None:  # aborted while the head was on its way
            self.abort(None)
            raise self._reason
        self.head = reply.head
        if encoding := self.head.headers.get("content-encoding"):
            try:
                self._inflater = inflater(encoding)
            except APIError as error:
                self.abort(error)
                raise
        return self.head

    async def read(self) -> bytes:
        """Return the next bytes of the body, as they came; b"" at its end. The clocks run meanwhile.

        Raises:
            Timeout: one of the clocks ran out.
            StreamInterrupted: the connection broke, or the body is shorter than announced.
            StreamCancelled: the scope was cancelled.

        Cancelling closes the connection.
        """
        reply = self._reply
        if reply is None:
            raise self._reason or StreamInterrupted("the stream is closed")
        self.clocks.start_waiting()
        self._reading = True
        try:
            data = await reply.content.readany()
        except _FAULTS as error:
            if self._reason is None and (data := reply.unread()):
                self.clocks.stop_waiting()
                return data
            failure = self._failed(error)
        except BaseException:
            self.abort(None)
            raise
        else:
            self.clocks.stop_waiting()
            return data
        finally:
            self._reading = False
        raise failure

    async def pass_on(self, take: Callable[[bytes], bool]) -> None:
        """Give what comes of the body to `take`, as it is received, for as long as that returns true.

        It also returns when there is no more, or a fault: the next `read` tells which. The clocks run; `take` says with
        `clocks.renew_waiting` that the next piece may take as long again as this one.

        Raises what `take` raises, and closes the connection then. So does cancelling.
        """
        reply = self._reply
        if reply is None:
            return
        self.clocks.start_waiting()
        self._reading = True
        try:
            await reply.pass_on(take)
        except BaseException:
            self.abort(None)
            raise
        finally:
            self._reading = False
        if self._reply is not None:
            self.clocks.stop_waiting()

    async def pause(self, seconds: float) -> None:
        """Let the body come unread for so long, to its end, or until no more is held. The clocks stand still meanwhile.

        What breaks the connection is for the next `read` to raise. Cancelling closes the connection.
        """
        reply = self._reply
        if reply is None or reply.content.exception() is not None or reply.protocol.is_full:
            return
        timer = self.loop.call_later(seconds, end_pause, reply.content)
        try:
            await reply.content.wait_eof()
        except _FAULTS:
            pass
        except BaseException:
            self.abort(None)
            raise
        finally:
            timer.cancel()

    @property
    def body_came(self) -> bool:
        """Whether the whole body has come and was read."""
        return self._reply is None or self._reply.content.at_eof()

    @property
    def plain(self) -> bool:
        """Whether the body is not compressed."""
        return self._inflater is None

    def inflate(self, data: bytes) -> Iterator[bytes]:
        """Undo the body's compression, in bounded pieces."""
        return iter((data,)) if self._inflater is None else self._inflater.feed(data)

    async def read_all(self, max_bytes: int, *, cut: bool = False) -> bytes:
        """Return the rest of the body, inflated, and give the connection back.

        Args:
            max_bytes: longest body.
            cut: return what came, `max_bytes` at most, when the body is longer or breaks off, instead of raising.

        Raises:
            EventTooLarge: it is longer than `max_bytes`.
            APIError: as `read`.
        """
        pieces: list[bytes] = []
        size = 0
        rest: bytes | None = None
        try:
            while rest is None:
                rest = self._rest()
                for piece in self.inflate(await self.read() if rest is None else rest):
                    size += len(piece)
                    pieces.append(piece)
                    if size > max_bytes:
                        raise EventTooLarge(f"the body of the reply is longer than its limit of {max_bytes} bytes")
        except APIError:
            self.abort(None)
            if not cut:
                raise
        self.release()
        return b"".join(pieces)[:max_bytes]

    def _rest(self) -> bytes | None:
        """Return the rest of the body if its end has come, so that nothing is waited for; None if it has not."""
        if self._reply is None:
            return b""
        return self._reply.unread() if self._reply.content.is_eof() else None

    async def drain(self) -> None:
        """Read to the end of the body, as far as that is worth it, and give the connection back; else close it."""
        reply = self._reply
        if reply is None:
            return
        left = DRAIN_BYTES
        if not reply.content.at_eof():
            try:
                async with asyncio.timeout(DRAIN_SECONDS):
                    while left > 0 and (data := await reply.content.readany()):
                        left -= len(data)
            except _FAULTS:
                left = 0
            except BaseException:
                self.abort(None)
                raise
        if left > 0:
            self.release()
        else:
            self.abort(None)

    def release(self) -> None:
        """Give the connection back to the pool; only after the end of the body."""
        reply = self._end()
        self.on_abort = None  # who reads the body refers to this: such a circle would keep the whole answer
        if reply is not None:
            reply.release()

    def abort(self, reason: BaseException | None) -> None:
        """Close the connection now, without waiting; a pending `read` or `send` raises the reason.

        One whose reply has come to its end stays open.
        """
        self._reason = self._reason or reason
        if self._sender is not None:
            # There is no reply to close yet: cancelling makes aiohttp drop the connection.
            self._sender.cancel()
            self._sender = None
            return
        reply = self._end()
        if reply is not None:
            reply.abort()
            on_abort, self.on_abort = self.on_abort, None
            if reason is not None and on_abort is not None and not self._reading:
                on_abort(reason)

    def _end(self) -> Reply | None:
        """Leave the pool's count, the scope and the clocks; return the reply, the first time."""
        if not self._ended:
            self._ended = True
            self._pool.exchanges.discard(self)
            self._scope.detach(self)
            self.clocks.stop()
        reply, self._reply = self._reply, None
        return reply

    def _expire(self, clock: str) -> None:
        self.abort(self._scope.expired(clock, self.host, self._pool.proxy_of(self._url)))

    def _failed(self, error: BaseException) -> BaseException:
        """End the exchange, and return what to raise."""
        phase, reason = self.phase, self._reason
        self.abort(None)
        return reason or failure_of(error, phase, self.host, self._pool.proxy_of(self._url))


@lru_cache(maxsize=1024)
def _host_in(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]  # a password may stand before the @


def _reply_began(error: BaseException) -> bool:
    """Whether a part of the head came: aiohttp then puts that in the place of a message."""
    return isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)
