"""Recorded AWS event streams, taken apart by botocore."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest


def edges(body: bytes) -> list[int]:
    """The places where a message ends, by the lengths in the messages."""
    found, place = [], 0
    while place + 4 <= len(body):
        place += struct.unpack_from(">I", body, place)[0]
        found.append(place)
    return found


def messages(body: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The names and payloads of the whole messages in a body."""
    buffer: Any = pytest.importorskip("botocore.eventstream").EventStreamBuffer()
    buffer.add_data(body)
    found = []
    for message in buffer:
        headers = message.headers
        name = headers.get(":event-type") or headers.get(":exception-type") or headers.get(":error-code")
        found.append((name, json.loads(message.payload) if message.payload else {}))
    return found
