"""The answer to one request: head, body through its layers, and end, written to a connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Literal, Protocol, TypeAlias

from attrs import define, field

from aiollm.testing.log import Ending, LoggedRequest
from aiollm.testing.step import ScriptError
from aiollm.testing.tongues import tongue_for
from aiollm.testing.tongues.tongue import Tongue

Framing = Literal["chunked", "length", "close"]
Timeline: TypeAlias = "list[bytes | float | Literal['event'] | None]"


class ClientLeft(Exception):
    """The connection is gone: the rest of the script has nobody to talk to."""


class Wire(Protocol):
    """What an exchange needs of its connection."""

    close_next: Ending | None
    close_after: float | None

    async def write(self, data: bytes) -> None: ...

    def close(self, how: Ending) -> None: ...


class Layer(Protocol):
    """A change to the body's bytes on their way out. Each piece is written by itself, `gap` seconds after the last."""

    gap: float
    keeps_length: bool

    def feed(self, data: bytes) -> Iterable[bytes]: ...

    def finish(self) -> Iterable[bytes]: ...


@define
class Head:
    """The status line and header fields of an answer, before they are sent."""

    status: int = 200
    reason: str | None = None
    version: Literal["1.0", "1.1"] = "1.1"
    fields: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    framing: Framing = "chunked"
    length: int | None = None

    def value(self, name: str) -> str | None:
        """The value of a field set so far, or None."""
        return next((value for known, value in self.fields if known.lower() == name.lower()), None)

    def default(self, name: str, value: str) -> None:
        """Set a field unless the script has set it."""
        if self.value(name) is None:
            self.fields.append((name, value))

    def render(self) -> bytes:
        """The head's bytes, with the fields its framing needs."""
        if self.framing == "chunked":
            self.default("Transfer-Encoding", "chunked")
        elif self.framing == "close" and self.version == "1.1":
            self.default("Connection", "close")
        elif self.length is not None:
            self.default("Content-Length", str(self.length))
        reason = HTTPStatus(self.status).phrase if self.reason is None and self.status in _STATUSES else self.reason
        lines = [f"HTTP/{self.version} {self.status} {reason or ''}".rstrip()]
        lines += [f"{name}: {value}" for name, value in self.fields]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


_STATUSES = frozenset(int(status) for status in HTTPStatus)


class Exchange:
    """What a step works with: the request it answers, and ways to write the answer.

    Every method that waits is cancelled when the client leaves or the server closes.
    """

    def __init__(self, request: LoggedRequest, wire: Wire, *, keep_alive: bool = True) -> None:
        self.request = request
        self.connection = wire
        self.tongue: Tongue = tongue_for(request)
        self.head: Head = Head()
        self.head_sent: bool = False
        self.over: bool = False
        self._layers: list[Layer] = []
        self._timeline: Timeline | None = None
        self._body_bytes = 0
        self._keep_alive = keep_alive

    async def send_head(self, *, of_stream: bool = True) -> None:
        """Send the head as it stands, for a stream with its content type; does nothing the second time."""
        if self.head_sent:
            return
        self.head_sent = True
        if of_stream:
            self.head.default("Content-Type", self.tongue.content_type)
        if not self._keep_alive:
            self.head.default("Connection", "close")
        await self.write(self.head.render())
        await self.wait(0)

    def declare(self, name: str, value: str) -> None:
        """Set a header field that the body needs. Raises `ScriptError` when the head went out without it."""
        if not self.head_sent:
            self.head.default(name, value)
        elif (sent := self.head.value(name)) != value:
            raise ScriptError(f"the head was already sent with {name}: {sent}, and this step needs {name}: {value}")

    def keeps_length(self) -> bool:
        """Whether the layers in force send as many bytes as they get."""
        return all(layer.keeps_length for layer in self._layers)

    async def body(self, data: bytes) -> None:
        """Send bytes of the body, through every layer in force, in the body's framing."""
        await self._push(len(self._layers), data)

    async def event(self, data: bytes) -> None:
        """Send bytes of the body that count as one event in the log."""
        await self.body(data)
        if self._timeline is not None:
            self._timeline.append("event")
        else:
            self.request.events_written += 1

    async def wire(self, data: bytes) -> None:
        """Put bytes on the socket outside any framing. Before the head, they stand for it, and the end is a close."""
        if not self.head_sent:
            self.head_sent, self.head.framing = True, "close"
        await self.write(data)

    async def write(self, data: bytes) -> None:
        """Put bytes on the socket, and return when the operating system has taken them all."""
        if self.request.first_byte_at is None:
            self.request.first_byte_at = time.monotonic()
        await self.connection.write(data)
        self.request.bytes_written += len(data)

    async def wait(self, seconds: float | None) -> None:
        """Wait; None waits until the client leaves, the server closes or the script's time limit ends it."""
        if self._timeline is not None:
            self._timeline.append(seconds)
        elif seconds is None:
            await asyncio.get_running_loop().create_future()
        elif seconds > 0:
            await asyncio.sleep(seconds)
        else:
            # One turn lets a reader on this loop see what was sent, the next keeps it apart from what follows.
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def end(self, trailers: Sequence[tuple[str, str]] = ()) -> None:
        """End the answer cleanly, and the connection too where the framing or the client needs that."""
        if self.over:
            return
        while self._layers:
            await self._finish_layer()
        await self.send_head()
        self.over = True
        if self.head.framing == "chunked":
            fields = "".join(f"{name}: {value}\r\n" for name, value in trailers)
            await self.write(f"0\r\n{fields}\r\n".encode("latin-1"))
        self.request.finished_at = time.monotonic()
        if self._must_close():
            self.connection.close("fin")

    async def close(self, how: Ending) -> None:
        """Leave in mid-answer: "fin" closes without the body's end, "rst" resets."""
        self.over = True
        self._layers.clear()
        self.connection.close(how)

    @asynccontextmanager
    async def layer(self, layer: Layer) -> AsyncGenerator[None, None]:
        """Send the body's bytes written inside the block through a layer."""
        self._layers.append(layer)
        yield
        if layer in self._layers:
            await self._finish_layer()

    @contextmanager
    def recording(self) -> Generator[Timeline, None, None]:
        """Keep what is sent and waited for inside the block as a list, in place of doing it."""
        if self._timeline is not None or self._layers:
            raise ScriptError("content_length() must stand around the other steps, not inside one")
        self._timeline = []
        yield self._timeline
        self._timeline = None

    async def replay(self, timeline: Timeline) -> None:
        """Do what was recorded."""
        for act in timeline:
            if act == "event":
                self.request.events_written += 1
            elif isinstance(act, bytes):
                await self.body(act)
            else:
                await self.wait(act)

    async def _finish_layer(self) -> None:
        for piece in self._layers[-1].finish():
            await self._send_piece(len(self._layers), piece)
        self._layers.pop()

    async def _push(self, depth: int, data: bytes) -> None:
        if depth == 0:
            await self._send(data)
            return
        for piece in self._layers[depth - 1].feed(data):
            await self._send_piece(depth, piece)

    async def _send_piece(self, depth: int, piece: bytes) -> None:
        await self._push(depth - 1, piece)
        await self.wait(self._layers[depth - 1].gap)

    async def _send(self, data: bytes) -> None:
        if not data:
            return
        if self._timeline is not None:
            self._timeline.append(data)
            return
        await self.send_head()
        self._body_bytes += len(data)
        chunked = self.head.framing == "chunked"
        await self.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)

    def _must_close(self) -> bool:
        short = self.head.framing == "length" and self._body_bytes != (self.head.length or 0)
        said = "close" in (self.head.value("Connection") or "").lower()
        return short or said or self.head.framing == "close" or self.head.version == "1.0" or not self._keep_alive
