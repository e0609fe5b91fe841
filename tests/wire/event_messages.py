"""Messages of AWS event streams, built by the letter of the format, and by nothing of the code under test."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from uuid import UUID
from zlib import crc32

from attrs import frozen

FORMATS = {"byte": (2, ">b"), "short": (3, ">h"), "integer": (4, ">i"), "long": (5, ">q"), "timestamp": (8, ">q")}


@frozen
class Number:
    """A number with its width."""

    kind: str
    value: int


HeaderLike = bool | str | bytes | UUID | Number


def message(headers: Mapping[str, HeaderLike], payload: bytes = b"") -> bytes:
    """One message."""
    head = b"".join(bytes([len(name.encode())]) + name.encode() + header(value) for name, value in headers.items())
    prelude = struct.pack(">II", len(head) + len(payload) + 16, len(head))
    body = prelude + struct.pack(">I", crc32(prelude)) + head + payload
    return body + struct.pack(">I", crc32(body))


def header(value: HeaderLike) -> bytes:
    match value:
        case bool():
            return b"\x00" if value else b"\x01"
        case Number(kind, number):
            code, layout = FORMATS[kind]
            return bytes([code]) + struct.pack(layout, number)
        case bytes():
            return b"\x06" + struct.pack(">H", len(value)) + value
        case str():
            return b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()
        case UUID():
            return b"\x09" + value.bytes


def event(name: str, payload: bytes = b"{}") -> bytes:
    """An event, with the headers that Bedrock sends."""
    return message({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


def exception(name: str, payload: bytes = b"{}") -> bytes:
    """What stands in place of an event when something went wrong."""
    return message(
        {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}, payload
    )
