"""How a tongue's events are put into a body."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from struct import pack
from zlib import crc32

from aiollm.testing.tongues.tongue import Payload

__all__ = [
    "AWS_EVENTS",
    "EVENT_STREAM",
    "NDJSON",
    "Frame",
    "aws_chunk",
    "aws_event",
    "json_line",
    "named_event",
    "plain_event",
]

Frame = Callable[[str, Payload], bytes]
"""Takes an event's name and its payload."""

EVENT_STREAM = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson"
AWS_EVENTS = "application/vnd.amazon.eventstream"

_STRING = 7  # the type of a header's value


def plain_event(name: str, payload: Payload) -> bytes:
    """A server-sent event without its name, as OpenAI and Gemini send them."""
    return f"data: {_json(payload)}\n\n".encode()


def named_event(name: str, payload: Payload) -> bytes:
    """A server-sent event with its name, as Anthropic and Cohere send them."""
    return f"event: {name}\ndata: {_json(payload)}\n\n".encode()


def json_line(name: str, payload: Payload) -> bytes:
    """A line of newline-delimited JSON."""
    return _json(payload).encode() + b"\n"


def aws_event(name: str, payload: Payload) -> bytes:
    """A message of an AWS event stream; a name that ends in `Exception` makes it one."""
    kind = "exception" if name.endswith("Exception") else "event"
    headers = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    return _aws_message(headers, _json(payload).encode())


def aws_chunk(name: str, payload: Payload) -> bytes:
    """A message of Bedrock's InvokeModel: the model's own event, in base64 inside another."""
    if name.endswith("Exception"):
        return aws_event(name, payload)
    inner = base64.b64encode(_json(payload).encode()).decode()
    return aws_event("chunk", {"bytes": inner, "p": "abcdef"})


def _json(payload: Payload) -> str:
    return json.dumps(payload, separators=(",", ":"))


def _aws_message(headers: dict[str, str], payload: bytes) -> bytes:
    head = b"".join(
        pack(">B", len(name)) + name.encode() + pack(">BH", _STRING, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = pack(">II", 16 + len(head) + len(payload), len(head))
    message = prelude + pack(">I", crc32(prelude)) + head + payload
    return message + pack(">I", crc32(message))
