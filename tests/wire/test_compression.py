"""Inflating bodies in bounded pieces."""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from aiollm.exceptions import APIConnectionError, EventTooLarge, UnexpectedContentType
from aiollm.wire.compression import FREE_BYTES, MAX_RATIO, PIECE_BYTES, inflater

TEXT = b"".join(b'data: {"n":%d}\n\n' % number for number in range(300))


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


ENCODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    (" GZIP ", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("gzip", lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:])),
]


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


def test_what_was_flushed_is_given_at_once() -> None:
    compressor = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    engine = inflater("gzip")
    assert engine is not None
    for number in range(50):
        event = b"data: %d\n\n" % number
        assert b"".join(engine.feed(compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH))) == event


@pytest.mark.parametrize("size", [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 77])
@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_nothing_is_held_back_when_pieces_are_full(size: int, compress: Callable[[bytes], bytes]) -> None:
    engine = inflater("gzip" if compress is gzip.compress else "deflate")
    assert engine is not None
    pieces = list(engine.feed(compress(b"a" * size)))
    assert sum(map(len, pieces)) == size
    assert max(map(len, pieces)) <= PIECE_BYTES


def test_nothing_is_held_back_wherever_the_bytes_end() -> None:
    packed = gzip.compress(b"a" * (3 * PIECE_BYTES + 77))
    for end in range(1, len(packed)):
        assert len(inflate("gzip", packed[:end])) == len(zlib.decompressobj(31).decompress(packed[:end]))


@pytest.mark.parametrize("cut", [0, 1, 4096])
def test_a_bomb_is_refused_in_bounded_memory(cut: int) -> None:
    bomb = gzip.compress(b"\0" * (24 << 20))
    engine = inflater("gzip")
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


def test_a_body_that_compresses_very_well_is_no_bomb_while_it_is_small() -> None:
    assert inflate("gzip", gzip.compress(b"a" * FREE_BYTES)) == b"a" * FREE_BYTES


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("size", [1, 100])
def test_a_body_in_another_encoding_is_a_connection_error(encoding: str, size: int) -> None:
    body = b"\x06not compressed at all" * 4
    with pytest.raises(APIConnectionError, match=f"not valid {encoding}"):
        inflate(encoding, *(body[i : i + size] for i in range(0, len(body), size)))


@pytest.mark.parametrize("encoding", ["compress", "gzip, deflate", "aes128gcm"])
def test_an_unknown_encoding_is_named(encoding: str) -> None:
    with pytest.raises(UnexpectedContentType, match=encoding):
        inflater(encoding)


@pytest.mark.parametrize(("encoding", "libraries"), [("br", ["brotli"]), ("zstd", ["compression", "backports"])])
def test_an_encoding_without_its_library_is_named(encoding: str, libraries: list[str]) -> None:
    if any(map(importlib.util.find_spec, libraries)):
        pytest.skip("the library is installed")
    with pytest.raises(UnexpectedContentType, match=encoding) as caught:
        inflater(encoding)
    assert "install" in (caught.value.hint or "")


def test_pieces_are_given_one_at_a_time() -> None:
    engine = inflater("gzip")
    assert engine is not None
    parts = engine.feed(gzip.compress(b"a" * (4 * PIECE_BYTES)))
    assert [len(part) for part in itertools.islice(parts, 2)] == [PIECE_BYTES, PIECE_BYTES]
