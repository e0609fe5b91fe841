"""Steps around other steps: how the bytes of a body are cut, paced, compressed and ended line by line.

They nest, the outer one working on what the inner one gives: `bytewise(gzip(tokens("a b")))` cuts compressed bytes.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator

from attrs import evolve

from aiollm.testing.exchange import Exchange, Layer
from aiollm.testing.step import Step, nested, require

_BLOCK = 1024 * 1024


def bytewise(*steps: Step, gap: float = 0.0) -> Step:
    """Write the body of these steps one byte at a time, `gap` seconds apart.

    Each piece is a write of its own. A reader on the same event loop sees the pieces one by one; one in another thread
    or process may see several together unless there is a gap.
    """
    return _cut("bytewise", steps, lambda: itertools.count(1), gap)


def split(size: int, *steps: Step, gap: float = 0.0) -> Step:
    """Write the body of these steps in pieces of `size` bytes, `gap` seconds apart; see `bytewise`."""
    require(size > 0, f"split: the size is a number of bytes above 0, not {size!r}")
    return _cut("split", steps, lambda: itertools.count(size, size), gap, size)


def cut_at(offsets: Iterable[int], *steps: Step, gap: float = 0.0) -> Step:
    """Write the body of these steps in pieces that end at these offsets, `gap` seconds apart; see `bytewise`.

    What lies between two offsets goes out in one write, even when several steps made it: `cut_at([], ...)` joins all.
    """
    ends = sorted(offsets)
    require(all(end > 0 for end in ends), f"cut_at: offsets are above 0, unlike {ends!r}")
    return _cut("cut_at", steps, lambda: iter(ends), gap, ends)


def drip(bytes_per_second: float, *steps: Step) -> Step:
    """Write the body of these steps slowly and evenly."""
    require(bytes_per_second > 0, f"drip: the rate is above 0 bytes a second, not {bytes_per_second!r}")
    size = max(1, round(bytes_per_second / 50))
    gap = size / bytes_per_second
    return _cut("drip", steps, lambda: itertools.count(size, size), gap, bytes_per_second)


def crlf(*steps: Step) -> Step:
    """End the lines of these steps with CR LF in place of LF."""
    return _layered("crlf", steps, lambda: _LineEnds(b"\r\n"))


def cr(*steps: Step) -> Step:
    """End the lines of these steps with a bare CR in place of LF."""
    return _layered("cr", steps, lambda: _LineEnds(b"\r"))


def gzip(*steps: Step) -> Step:
    """Send the body of these steps with `Content-Encoding: gzip`, flushed after each event."""
    return _compressed("gzip", steps, zlib.MAX_WBITS | 16)


def deflate(*steps: Step, zlib_header: bool = True) -> Step:
    """Send the body of these steps with `Content-Encoding: deflate`, flushed after each event.

    The standard's format has a zlib header; some servers send the bare stream.
    """
    return _compressed("deflate", steps, zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)


def bomb(inflated_bytes: int) -> Step:
    """Send one event that is about a thousandth of `inflated_bytes` on the wire and grows to that in the reader."""
    require(inflated_bytes > 0, f"bomb: the size is a number of bytes above 0, not {inflated_bytes!r}")

    async def run(exchange: Exchange) -> None:
        await exchange.body(b"data: ")
        for start in range(0, inflated_bytes, _BLOCK):
            await exchange.body(b"x" * min(_BLOCK, inflated_bytes - start))
        await exchange.event(b"\n\n")

    return gzip(Step(f"bomb({inflated_bytes})", run, sends=True))


class _Pieces:
    """Cuts a stream of bytes at ascending offsets, holding back what the next offset does not complete."""

    keeps_length = True

    def __init__(self, ends: Iterator[int], gap: float) -> None:
        self.gap = gap
        self._ends = ends
        self._end = next(ends, None)
        self._start = 0
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterable[bytes]:
        self._held += data
        while self._end is not None and self._end - self._start <= len(self._held):
            size = self._end - self._start
            piece = bytes(self._held[:size])
            del self._held[:size]
            self._start, self._end = self._end, next(self._ends, None)
            yield piece

    def finish(self) -> Iterable[bytes]:
        return [bytes(self._held)] if self._held else []


class _LineEnds:
    gap = 0.0
    keeps_length = False

    def __init__(self, end: bytes) -> None:
        self._end = end

    def feed(self, data: bytes) -> Iterable[bytes]:
        return [data.replace(b"\n", self._end)]

    def finish(self) -> Iterable[bytes]:
        return []


class _Compressor:
    gap = 0.0
    keeps_length = False

    def __init__(self, window_bits: int) -> None:
        self._stream = zlib.compressobj(wbits=window_bits)

    def feed(self, data: bytes) -> Iterable[bytes]:
        return [self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)]

    def finish(self) -> Iterable[bytes]:
        return [self._stream.flush()]


def _cut(function: str, steps: tuple[Step, ...], ends: Callable[[], Iterator[int]], gap: float, *args: object) -> Step:
    require(gap >= 0, f"{function}: the gap is 0 seconds or more, not {gap!r}")
    return _layered(function, steps, lambda: _Pieces(ends(), gap), *args)


def _compressed(function: str, steps: tuple[Step, ...], window_bits: int) -> Step:
    inside = _layered(function, steps, lambda: _Compressor(window_bits))

    async def run(exchange: Exchange) -> None:
        exchange.declare("Content-Encoding", function)
        await inside.run(exchange)

    return evolve(inside, run=run)


def _layered(function: str, steps: tuple[Step, ...], layer: Callable[[], Layer], *args: object) -> Step:
    async def run(exchange: Exchange) -> None:
        async with exchange.layer(layer()):
            for step in steps:
                await step.run(exchange)

    return nested(function, steps, run, *args)
