"""Inflating bodies in bounded pieces."""

from __future__ import annotations

import gzip
import itertools
import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from aiollm.exceptions import APIConnectionError, EventTooLarge, UnexpectedContentType
from aiollm.wire.compression import FREE_BYTES, MAX_RATIO, PIECE_BYTES, inflater

TEXT = b"".join(b'data: {"n":%d}\n\n' % number for number in range(300))


LIBRARIES = {"br": "brotli", "zstd": "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"}


def library(encoding: str) -> Any:
    return pytest.importorskip(LIBRARIES[encoding])


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def brotli(data: bytes) -> bytes:
    return library("br").compress(data)


def zstd(data: bytes) -> bytes:
    return library("zstd").compress(data)


ENCODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    (" GZIP ", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("gzip", lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:])),
    ("br", brotli),
    ("zstd", zstd),
    ("zstd", lambda data: zstd(data[:1000]) + zstd(data[1000:])),
]
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli,
    "zstd": zstd,
}
each_encoding = pytest.mark.parametrize("encoding", COMPRESSORS)


def inflate(encoding: str, *pieces: bytes) -> bytes:
    engine = inflater(encoding)
    assert engine is not None
    return b"".join(part for piece in pieces for part in engine.feed(piece))


@pytest.mark.parametrize(("encoding", "compress"), ENCODINGS)
def test_a_body_is_inflated_however_it_is_cut(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    packed = compress(TEXT)
    assert inflate(encoding, packed) == TEXT
    assert inflate(encoding, *(packed[i : i + 1] for i in range(len(packed)))) == TEXT
    for place in range(1, len(packed), 7):
        assert inflate(encoding, packed[:place], packed[place:]) == TEXT


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_a_plain_body_needs_no_inflater(encoding: str) -> None:
    assert inflater(encoding) is None


def flushing(encoding: str) -> Callable[[bytes], bytes]:
    """Return a function that compresses the next piece of a body, and holds nothing of it back."""
    if encoding == "br":
        compressor = library("br").Compressor()
        return lambda data: compressor.process(data) + compressor.flush()
    if encoding == "zstd":
        compressor = library("zstd").ZstdCompressor()
        return lambda data: compressor.compress(data, compressor.FLUSH_BLOCK)
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS if encoding == "gzip" else zlib.MAX_WBITS)
    return lambda data: packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


@each_encoding
def test_what_was_flushed_is_given_at_once(encoding: str) -> None:
    compress = flushing(encoding)
    engine = inflater(encoding)
    assert engine is not None
    for number in range(50):
        event = b"data: %d\n\n" % number
        assert b"".join(engine.feed(compress(event))) == event


@pytest.mark.parametrize("size", [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 77])
@each_encoding
def test_nothing_is_held_back_when_pieces_are_full(size: int, encoding: str) -> None:
    packed = COMPRESSORS[encoding](b"a" * size)
    engine = inflater(encoding)
    assert engine is not None
    pieces = list(engine.feed(packed))
    assert sum(map(len, pieces)) == size
    assert max(map(len, pieces)) <= PIECE_BYTES


def test_nothing_is_held_back_wherever_the_bytes_end() -> None:
    packed = gzip.compress(b"a" * (3 * PIECE_BYTES + 77))
    for end in range(1, len(packed)):
        assert len(inflate("gzip", packed[:end])) == len(zlib.decompressobj(31).decompress(packed[:end]))


@each_encoding
def test_a_body_that_is_cut_gives_what_was_there(encoding: str) -> None:
    text = random.Random(1).randbytes(200_000).hex().encode()
    packed = COMPRESSORS[encoding](text)
    inflated = [inflate(encoding, packed[: len(packed) * part // 8]) for part in range(1, 9)]
    assert all(text.startswith(piece) for piece in inflated)
    assert [len(piece) for piece in inflated] == sorted(map(len, inflated))
    assert 0 < len(inflated[4]) < len(inflated[7]) == len(text)


@each_encoding
@pytest.mark.parametrize("cut", [0, 1, 4096])
def test_a_bomb_is_refused_in_bounded_memory(cut: int, encoding: str) -> None:
    bomb = COMPRESSORS[encoding](b"\0" * (24 << 20))
    engine = inflater(encoding)
    assert engine is not None
    given = taken = 0
    pieces = [bomb[i : i + cut] for i in range(0, len(bomb), cut)] if cut else [bomb]
    tracemalloc.start()

    def feed() -> None:
        nonlocal given, taken
        for piece in pieces:
            taken += len(piece)
            for part in engine.feed(piece):
                given += len(part)

    try:
        with pytest.raises(EventTooLarge, match=f"more than {MAX_RATIO} times"):
            feed()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
    assert given <= max(FREE_BYTES, MAX_RATIO * taken) + PIECE_BYTES


@each_encoding
def test_a_body_that_compresses_very_well_is_no_bomb_while_it_is_small(encoding: str) -> None:
    assert inflate(encoding, COMPRESSORS[encoding](b"a" * FREE_BYTES)) == b"a" * FREE_BYTES


@each_encoding
@pytest.mark.parametrize("size", [1, 100])
def test_a_body_in_another_encoding_is_a_connection_error(encoding: str, size: int) -> None:
    COMPRESSORS[encoding](b"")  # skips where the library is missing
    body = b"\x06not compressed at all" * 4
    with pytest.raises(APIConnectionError, match=f"not valid {encoding}"):
        inflate(encoding, *(body[i : i + size] for i in range(0, len(body), size)))


@pytest.mark.parametrize("encoding", ["compress", "gzip, deflate", "aes128gcm"])
def test_an_unknown_encoding_is_named(encoding: str) -> None:
    with pytest.raises(UnexpectedContentType, match=encoding):
        inflater(encoding)


@pytest.mark.parametrize(
    ("encoding", "libraries"), [("br", ["brotli"]), ("zstd", ["compression.zstd", "backports.zstd"])]
)
def test_an_encoding_without_its_library_is_named(
    encoding: str, libraries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in libraries:
        monkeypatch.setitem(sys.modules, name, None)  # how Python notes that there is no such module
    with pytest.raises(UnexpectedContentType, match=encoding) as caught:
        inflater(encoding)
    assert "install" in (caught.value.hint or "")


def test_a_brotli_library_that_cannot_bound_its_output_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    old = SimpleNamespace(Decompressor=type("Decompressor", (), {"process": None, "is_finished": None}))
    monkeypatch.setitem(sys.modules, "brotli", old)
    with pytest.raises(UnexpectedContentType) as caught:
        inflater("br")
    assert "1.2" in (caught.value.hint or "")


@each_encoding
def test_pieces_are_given_one_at_a_time(encoding: str) -> None:
    packed = COMPRESSORS[encoding](b"a" * (4 * PIECE_BYTES))
    engine = inflater(encoding)
    assert engine is not None
    parts = engine.feed(packed)
    assert all(0 < len(part) <= PIECE_BYTES for part in itertools.islice(parts, 2))
