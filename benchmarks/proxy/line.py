"""The load's side of a connection: requests out, and of the answers no more than what is measured."""

import asyncio
import json
import re
import time
from array import array
from collections.abc import Mapping
from typing import cast

_TEXT = re.compile(rb'"content":\s?"([^"]+)"')
_CHUNK_HEAD = re.compile(rb"\r\n[0-9a-fA-F]+\r\n")
_LAST_CHUNK = b"0\r\n\r\n"
_LONGEST_FRAME = 2_048
"""Bytes that are looked at again with the next read, because a frame may lie across two."""


class AnswerError(Exception):
    """An answer is not what was asked for; the text says what it was."""


class Answer:
    """One answer as it comes.

    Attributes:
        opened: when it was asked for, in seconds of the monotonic clock.
        frames: how many had text in them.
        first: when the first of these came; None before.
        arrived: when each came, for a stream of stamped frames; the upstream's clock is the same.
        stamped: when the upstream wrote each.
        ended: whether it came to its end.
        marked: whether that was `[DONE]`.
        fault: why it did not; "" before.
    """

    def __init__(self, *, stamped: bool) -> None:
        self.opened = time.monotonic()
        self.frames = 0
        self.first: float | None = None
        self.arrived, self.stamped = array("d"), array("d")
        self._keeps_stamps = stamped
        self._head = b""
        self._missing = -1  # bytes of a body that has a length
        self._rest = self._tail = b""
        self.ended = self.marked = False
        self.fault = ""

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        now = time.monotonic()
        if self._missing < 0 and not self._rest:
            data = self._begin(data)
            if not data:
                return
        if self._missing >= 0:
            self._missing -= len(data)
            self.ended = self._missing <= 0
        self._look(data, now)

    def _begin(self, data: bytes) -> bytes:
        self._head += data
        head, found, body = self._head.partition(b"\r\n\r\n")
        if not found:
            return b""
        if not head.startswith(b"HTTP/1.1 200"):
            raise AnswerError(head.partition(b"\r\n")[0].decode(errors="replace"))
        length = re.search(rb"(?i)\ncontent-length:\s*(\d+)", head)
        self._missing = int(length[1]) if length else -1
        self._rest = b"\n"
        return body

    def _look(self, data: bytes, now: float) -> None:
        """Count the frames whose text has come whole; the rest of the last one is kept."""
        self._tail = (self._tail + data)[-len(_LAST_CHUNK) :]
        # A gateway that knows nothing of events cuts them into chunks anywhere, even in a text.
        data = _CHUNK_HEAD.sub(b"", self._rest + data)
        end = 0
        for found in _TEXT.finditer(data):
            end = found.end()
            self.frames += 1
            if self._keeps_stamps:
                self.arrived.append(now)
                self.stamped.append(float(found[1]))
        if end and self.first is None:
            self.first = now
        if self._tail == _LAST_CHUNK:
            self.marked = b"[DONE]" in data[-_LONGEST_FRAME:]
            self.ended = self.ended or self._missing < 0
        self._rest = data[max(end, len(data) - _LONGEST_FRAME) :] or b"\n"


class Line(asyncio.Protocol):
    """A kept connection, with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._answer: Answer | None = None
        self._over: asyncio.Future[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def begin(self, request: bytes, *, stamped: bool = False) -> Answer:
        """Send a request; its answer fills from now on."""
        self._answer = Answer(stamped=stamped)
        self._over = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    async def ask(self, request: bytes) -> Answer:
        """Send a request and wait for the end of its answer.

        Raises:
            AnswerError: it is refused, or breaks off.
        """
        answer = self.begin(request)
        await self._over
        return answer

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:
            return
        try:
            answer.feed(data)
        except AnswerError as error:
            self._fail(error)
        else:
            if answer.ended:
                self._answer = None
                self._over.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(AnswerError("the connection ended before the answer did"))

    def _fail(self, error: AnswerError) -> None:
        if self._answer is not None:
            self._answer.fault = str(error)
            self._over.set_exception(error)
            self._over.exception()  # seen, also where nobody waits for the end of a stream
        self._answer = None

    def close(self) -> None:
        """Leave, whatever is still coming."""
        self._answer = None
        self._transport.abort()


async def connect(port: int) -> Line:
    """A connection to a port of this machine."""
    _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", port)
    return line


def request(model: str, key: str, headers: Mapping[str, str], *, stream: bool, path: str) -> bytes:
    """The bytes of a chat completion's request."""
    messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "Hello!"}]
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    body = json.dumps({"model": model, "messages": messages, **options}).encode()
    fields = {
        "host": "127.0.0.1",
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "content-length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body
