"""The benchmark's provider: a process of its own that answers as an OpenAI-compatible server would, and cheaply.

The base URL says what to send: ``http://127.0.0.1:PORT/FRAMING/RATE/CHUNKS/LABEL/v1``. A rate of 0 writes the whole
body at once; any other is in chunks per second, and each chunk then carries the ``CLOCK_MONOTONIC`` time at which it
was written. ``GET /account`` tells what the provider itself has spent, ``GET /log/LABEL`` when each client left.

Run ``python -m benchmarks.upstream``: one JSON line with the port, then it serves until its standard input closes.
"""

import asyncio
import json
import resource
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import cast

from benchmarks import payload

try:
    import uvloop as event_loops
except ImportError:
    event_loops = asyncio  # type: ignore[misc]

PORTS = range(21_000, 32_000)  # below the kernel's ephemeral range, where outgoing sockets could take the port
TICK_SECONDS = 0.001
LATE_SECONDS = 0.01
LOGGED_STREAMS = 20_000


@dataclass(slots=True)
class Entry:
    """One stream as the provider saw it. Times are ``CLOCK_MONOTONIC`` seconds."""

    label: str
    opened: float
    chunks: int = 0
    left: float | None = None
    complete: bool = False


@dataclass(slots=True)
class Account:
    """What the provider has done since it started."""

    chunks: int = 0
    late_chunks: int = 0
    cpu_seconds: float = 0.0
    at: float = 0.0


class PacedStream:
    """A stream that sends one stamped chunk per period, the last one together with the closing events."""

    def __init__(
        self, connection: "Connection", rate: float, chunks: int, framing: payload.Framing, entry: Entry
    ) -> None:
        self.due = entry.opened
        self._connection = connection
        self._period = 1 / rate
        self._remaining = chunks
        self._template = payload.content_template(framing)
        self._closing = payload.closing_events(chunks, framing)
        self._entry = entry
        connection.transport.write(payload.stream_head(chunks, framing) + payload.opening_event(framing))

    def send_next(self) -> bool:
        """Write the chunk that is due; false when there will be no other."""
        if self._entry.left is not None:
            return False
        self._entry.chunks += 1
        self._remaining -= 1
        event = self._template % time.monotonic()
        if self._remaining:
            self._connection.transport.write(event)
            self.due += self._period
            return True
        self._connection.transport.write(event + self._closing)
        self._connection.finish()
        return False


class Pacer:
    """A timer wheel: one timer for all streams, because a timer per chunk would cost more than the chunk."""

    def __init__(self, loop: asyncio.AbstractEventLoop, account: Account) -> None:
        self._loop = loop
        self._account = account
        self._slots: dict[int, list[PacedStream]] = {}
        self._next_slot = 0

    def add(self, stream: PacedStream) -> None:
        if not self._slots:
            self._next_slot = int(time.monotonic() / TICK_SECONDS)
            self._loop.call_later(TICK_SECONDS, self._tick)
        self._put(stream)

    def _put(self, stream: PacedStream) -> None:
        slot = max(int(stream.due / TICK_SECONDS) + 1, self._next_slot)
        self._slots.setdefault(slot, []).append(stream)

    def _tick(self) -> None:
        reached = int(time.monotonic() / TICK_SECONDS)
        due = [stream for slot in range(self._next_slot, reached + 1) for stream in self._slots.pop(slot, ())]
        self._next_slot = reached + 1
        for stream in due:
            self._account.chunks += 1
            self._account.late_chunks += time.monotonic() - stream.due > LATE_SECONDS
            if stream.send_next():
                self._put(stream)
        if self._slots:
            self._loop.call_later(TICK_SECONDS, self._tick)


class Upstream:
    """What the connections share."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.account = Account()
        self.pacer = Pacer(loop, self.account)
        self._log: deque[Entry] = deque(maxlen=LOGGED_STREAMS)

    def enter(self, label: str) -> Entry:
        entry = Entry(label, time.monotonic())
        self._log.append(entry)
        return entry

    def report(self, path: list[str]) -> bytes:
        if path[0] == "log":
            return json.dumps([asdict(entry) for entry in self._log if entry.label == path[1]]).encode()
        self.account.cpu_seconds = time.process_time()
        self.account.at = time.monotonic()
        return json.dumps(asdict(self.account)).encode()


class Connection(asyncio.Protocol):
    """One client connection: requests in, prebuilt bytes out."""

    def __init__(self, upstream: Upstream) -> None:
        self.transport: asyncio.Transport
        self._upstream = upstream
        self._received = b""
        self._entry: Entry | None = None
        self._blocks: deque[bytes] = deque()
        self._writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        length = _content_length(head)
        if separator and len(rest) >= length:
            self._received = rest[length:]
            self.respond(head.split(b" ", 2)[1].decode().strip("/").split("/"), rest)

    def respond(self, path: list[str], body: bytes) -> None:
        """Answer a request with this path and body."""
        self.answer(path, streaming=b'"stream":true' in body.replace(b" ", b""))

    def answer(self, path: list[str], *, streaming: bool) -> None:
        """Answer a request for this path."""
        if len(path) < 4:
            self.transport.write(payload.json_response(self._upstream.report(path)))
        elif not streaming:
            self.transport.write(payload.json_response(payload.WHOLE_REPLY))
        else:
            framing, rate, chunks, label = path[:4]
            self._stream(cast(payload.Framing, framing), float(rate), int(chunks), label)

    def _stream(self, framing: payload.Framing, rate: float, chunks: int, label: str) -> None:
        self._entry = self._upstream.enter(label)
        if rate:
            self._upstream.pacer.add(PacedStream(self, rate, chunks, framing, self._entry))
        else:
            self._entry.chunks = chunks
            self.send(payload.saturating_blocks(chunks, framing), chunks)

    def send(self, blocks: Iterable[bytes], chunks: int) -> None:
        """Write a whole response of ``chunks`` chunks, as fast as it is read."""
        self._upstream.account.chunks += chunks
        self._blocks.extend(blocks)
        self._send_blocks()

    def _send_blocks(self) -> None:
        while self._blocks and self._writable:
            self.transport.write(self._blocks.popleft())
        if not self._blocks:
            self.finish()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        if self._blocks:
            self._send_blocks()

    def finish(self) -> None:
        if self._entry is not None:
            self._entry.complete = True
            self._entry = None

    def eof_received(self) -> None:
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._entry is not None:
            self._entry.left = time.monotonic()
            self._entry = None
            self._blocks.clear()


def _content_length(head: bytes) -> int:
    _, found, value = head.lower().partition(b"\r\ncontent-length:")
    return int(value.split(b"\r\n", 1)[0]) if found else 0


async def _listen(loop: asyncio.AbstractEventLoop, connection: Callable[[Upstream], Connection]) -> int:
    upstream = Upstream(loop)
    for port in PORTS:
        try:
            await loop.create_server(lambda: connection(upstream), "127.0.0.1", port, backlog=4_096)
        except OSError:
            continue
        return port
    raise SystemExit(f"no free port from {PORTS.start} to {PORTS.stop - 1} on 127.0.0.1")


def main(connection: Callable[[Upstream], Connection] = Connection) -> None:
    """Serve with such connections until the standard input closes."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    loop = event_loops.new_event_loop()
    port = loop.run_until_complete(_listen(loop, connection))
    print(json.dumps({"port": port, "loop": type(loop).__module__.partition(".")[0]}), flush=True)
    loop.add_reader(sys.stdin.fileno(), loop.stop)
    loop.run_forever()


if __name__ == "__main__":
    main()
