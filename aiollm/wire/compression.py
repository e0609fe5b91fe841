"""Inflating a reply's body, in bounded pieces.

A few hundred kB of a compression bomb inflate to hundreds of MB. Nothing here ever holds more than `PIECE_BYTES` of
inflated data at a time, and a body that inflates beyond `MAX_RATIO` is refused.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeAlias

from aiollm.exceptions import APIConnectionError, EventTooLarge, UnexpectedContentType

__all__ = ["MAX_RATIO", "PIECE_BYTES", "Inflater", "inflater"]

PIECE_BYTES = 64 * 1024
"""Most inflated bytes handed out, and held, at a time."""

MAX_RATIO = 200
"""Most bytes that a compressed byte may become, once a body has passed `FREE_BYTES`. JSON compresses 5 to 50 fold."""

FREE_BYTES = 1024 * 1024
"""Inflated bytes for which no ratio is asked."""


class Inflater(Protocol):
    """Inflates one body."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take compressed bytes and give what they inflate to, in pieces of at most `PIECE_BYTES`.

        Raises:
            APIConnectionError: the bytes are not in the encoding.
            EventTooLarge: they inflate to more than `MAX_RATIO` times their size.
        """
        ...


def inflater(encoding: str) -> Inflater | None:
    """Return the inflater for a `Content-Encoding`, or None for one that changes nothing.

    Raises:
        UnexpectedContentType: the encoding is unknown, or its library is not installed.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip", "deflate"):
        return _Bounded(name, _Zlib(name))
    if name == "br" and (module := _optional("brotli")) and hasattr(module.Decompressor, "can_accept_more_data"):
        return _Bounded(name, _Brotli(module.Decompressor()))  # an older one cannot bound what it gives
    if name == "zstd" and (module := _optional("compression.zstd") or _optional("backports.zstd")):
        return _Bounded(name, _Zstd(module.ZstdDecompressor))
    raise UnexpectedContentType(
        f"the reply is compressed with {encoding!r}, which cannot be read here",
        hint="install the package Brotli (1.2 or later) for br, or backports.zstd for zstd",
    )


def _optional(module: str) -> Any:  # modules of many versions, without types
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


class _Engine(Protocol):
    def pieces(self, data: bytes) -> Iterator[bytes]: ...


class _Bounded:
    def __init__(self, name: str, engine: _Engine) -> None:
        self._name = name
        self._engine = engine
        self._taken = 0
        self._given = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._taken += len(data)
        try:
            for piece in self._engine.pieces(data):
                self._given += len(piece)
                if self._given > FREE_BYTES and self._given > MAX_RATIO * self._taken:
                    raise EventTooLarge(f"the reply inflates to more than {MAX_RATIO} times its {self._taken} bytes")
                if piece:
                    yield piece
        except EventTooLarge:
            raise
        except Exception as error:  # noqa: BLE001  # each library has its own class
            raise APIConnectionError(f"the reply is not valid {self._name}: {error}") from None


_Decompress: TypeAlias = "zlib._Decompress"  # pyright: ignore[reportPrivateUsage]  # the name the type has


class _Zlib:
    def __init__(self, name: str) -> None:
        self._may_be_raw = name == "deflate"
        self._head = b""  # the first byte, while it is the only one
        self._inflate: _Decompress | None = None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            data = self._head + data
            if len(data) < 2:
                self._head = data
                return
            self._inflate = self._start(data)
        while data:
            if self._inflate.eof:  # a gzip body may have several members, one after the other
                self._inflate = self._start(data)
            piece = self._inflate.decompress(data, PIECE_BYTES)
            yield piece
            # A full piece may have left something inside, although all the data was taken.
            while not self._inflate.unconsumed_tail and len(piece) == PIECE_BYTES:
                piece = self._inflate.decompress(b"", PIECE_BYTES)
                yield piece
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

    def _start(self, data: bytes) -> _Decompress:
        # 32 + 15 detects the headers of gzip and zlib; "deflate" also comes without any header (-15).
        has_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
        return zlib.decompressobj(-zlib.MAX_WBITS if self._may_be_raw and not has_header else 32 + zlib.MAX_WBITS)


class _Brotli:
    _LIMIT = 16 * 1024  # its buffer grows by blocks of 32 and 64 KiB until it holds this: with more, beyond PIECE_BYTES

    def __init__(self, decompressor: Any) -> None:
        self._inflate = decompressor

    def pieces(self, data: bytes) -> Iterator[bytes]:
        piece = self._inflate.process(data, output_buffer_limit=self._LIMIT)
        # can_accept_more_data() tells of input only: with none left, there may still be output inside.
        while piece:
            yield piece
            piece = self._inflate.process(b"", output_buffer_limit=self._LIMIT)


class _Zstd:
    def __init__(self, start: Callable[[], Any]) -> None:
        self._start = start
        self._inflate = start()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate.eof:  # a body may have several frames, one after the other
                self._inflate = self._start()
            yield self._inflate.decompress(data, PIECE_BYTES)
            while not self._inflate.needs_input and not self._inflate.eof:
                yield self._inflate.decompress(b"", PIECE_BYTES)
            data = self._inflate.unused_data
