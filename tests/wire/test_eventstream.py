"""AWS event streams: lengths, checksums, headers of every type, cut anywhere; botocore reads the same headers."""

from __future__ import annotations

import random
import struct
from uuid import UUID
from zlib import crc32

import pytest

from aiollm.exceptions import EventTooLarge, InvalidChunk
from aiollm.wire.eventstream import EventStreamFramer, parse_headers
from aiollm.wire.frame import Frame
from tests.wire.event_messages import HeaderLike, Number, event, exception, header, message
from tests.wire.reading import frames

# Two messages as botocore reads them (wire page of the service).
DELTA = bytes.fromhex(
    "0000009800000057715b77ef0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970"
    "650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74426c6f636b49"
    "6e646578223a20302c202264656c7461223a207b2274657874223a20224869227d7d28f0287b"
)
THROTTLED = bytes.fromhex(
    "00000084000000611bf198f50f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e7465"
    "6e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d6573"
    "73616765223a2022736c6f77227d2e9feb30"
)
EVERY_TYPE: dict[str, HeaderLike] = {
    "true": True,
    "false": False,
    "byte": Number("byte", -1),
    "short": Number("short", -300),
    "integer": Number("integer", 70_000),
    "long": Number("long", -(2**40)),
    "bytes": b"\x00\xff",
    "string": "grüße",
    "timestamp": Number("timestamp", 1_700_000_000_123),
    "uuid": UUID("01234567-89ab-cdef-0123-456789abcdef"),
}


def headers_of(sent: dict[str, HeaderLike]) -> bytes:
    return b"".join(bytes([len(name)]) + name.encode() + header(value) for name, value in sent.items())


def test_an_event_is_named_by_its_type() -> None:
    assert frames([DELTA]) == [Frame("contentBlockDelta", b'{"contentBlockIndex": 0, "delta": {"text": "Hi"}}')]


def test_an_exception_is_told_from_an_event_of_the_same_name() -> None:
    assert frames([THROTTLED]) == [Frame("exception:throttlingException", b'{"message": "slow"}')]


def test_an_error_of_the_transport_has_its_code_and_message() -> None:
    sent = message({":message-type": "error", ":error-code": "InternalError", ":error-message": 'a "fault"'})
    assert frames([sent]) == [Frame("error:InternalError", b'{"message":"a \\"fault\\""}')]


def test_a_message_may_be_empty_and_without_a_name() -> None:
    assert frames([message({})]) == [Frame("", b"")]


def test_headers_have_ten_types() -> None:
    assert parse_headers(headers_of(EVERY_TYPE)) == {
        "true": True,
        "false": False,
        "byte": -1,
        "short": -300,
        "integer": 70_000,
        "long": -(2**40),
        "bytes": b"\x00\xff",
        "string": "grüße",
        "timestamp": 1_700_000_000_123,
        "uuid": bytes.fromhex("0123456789abcdef0123456789abcdef"),
    }


def test_botocore_reads_the_same_headers() -> None:
    parser = pytest.importorskip("botocore.eventstream").EventStreamHeaderParser()
    assert parser.parse(headers_of(EVERY_TYPE)) == parse_headers(headers_of(EVERY_TYPE))


STREAM = b"".join(
    [event("messageStart"), DELTA, event("contentBlockDelta", "grüße".encode() * 50), THROTTLED, message({})]
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_a_stream_is_the_same_however_it_is_cut(size: int) -> None:
    assert frames(STREAM[place : place + size] for place in range(0, len(STREAM), size)) == frames([STREAM])


def test_every_flipped_bit_is_found() -> None:
    for place in range(len(DELTA)):
        damaged = bytearray(DELTA)
        damaged[place] ^= 1 << random.Random(place).randrange(8)
        with pytest.raises(InvalidChunk, match="damaged"):
            frames([bytes(damaged)])


def test_the_messages_before_a_fault_are_given() -> None:
    found = EventStreamFramer().feed(DELTA + THROTTLED[:-1] + b"\x00")
    assert next(found).event == "contentBlockDelta"
    with pytest.raises(InvalidChunk, match="checksum of a message is wrong"):
        next(found)


def test_half_a_message_is_none() -> None:
    framer = EventStreamFramer()
    assert list(framer.feed(DELTA[:-1])) == []
    assert list(framer.finish()) == []


def test_a_message_over_the_limit_is_refused_before_it_has_come() -> None:
    long = event("a", b"x" * 2000)
    assert len(frames([long], max_event_bytes=len(long))) == 1
    with pytest.raises(EventTooLarge, match=f"{len(long)} bytes"):
        frames([long[:12]], max_event_bytes=len(long) - 1)


def prelude(total: int, headers: int) -> bytes:
    lengths = struct.pack(">II", total, headers)
    return lengths + struct.pack(">I", crc32(lengths))


def test_lengths_that_cannot_be_are_refused() -> None:
    with pytest.raises(EventTooLarge, match="headers"):
        frames([prelude(1_000_000, 200_000)])
    with pytest.raises(InvalidChunk, match="cannot hold 90 bytes of headers"):
        frames([prelude(100, 90)])


@pytest.mark.parametrize(
    "data",
    [
        b"\x05abc",  # a name that is cut
        b"\x01a",  # no type
        b"\x01a\x0a",  # a type that does not exist
        b"\x01a\x04\x00\x00",  # half an integer
        b"\x01a\x07\x00\x09abc",  # a shorter text than announced
        b"\x01a\x09abc",  # half an identifier
        b"\x01\xff\x00",  # a name that is no UTF-8
    ],
)
def test_broken_headers_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidChunk, match="headers of an event cannot be read"):
        parse_headers(data)


def test_new_headers_in_every_message_do_not_pile_up() -> None:
    framer = EventStreamFramer()
    for number in range(1000):
        assert len(list(framer.feed(event(f"e{number}")))) == 1
    assert len(framer._known) < 100


def test_exceptions_are_built_as_recorded() -> None:
    assert exception("throttlingException", b'{"message": "slow"}') == THROTTLED
