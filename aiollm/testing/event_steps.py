"""Steps for the body of a server-sent event stream: events, blocks that are none, and broken ones."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping

from aiollm.testing.exchange import Exchange
from aiollm.testing.step import Step, call_name, require


def event(data: str | bytes | Mapping[str, object], *, event: str | None = None, id: str | None = None) -> Step:
    """Send one event; a mapping is sent as JSON, and each line of a text as a `data:` line of its own."""
    name = call_name("event", data, event=event, id=id)
    require(not set("\r\n") & set(f"{event}{id}"), f"{name}: an event name or id has no line ends; use raw()")
    return _event(name, event_bytes(data, event=event, id=id))


def multiline(*lines: str) -> Step:
    """Send one event whose data is cut over several `data:` lines."""
    require(len(lines) > 1, "multiline: give at least two lines")
    return _event(call_name("multiline", *lines), event_bytes("\n".join(lines)))


def bad_json(data: str = '{"choices": [{"delta": {"content": "bro') -> Step:
    """Send an event whose data is not JSON."""
    require(_is_no_json(data), f"bad_json: {data!r} is JSON")
    return _event(call_name("bad_json", data), event_bytes(data))


def unterminated(data: str | bytes | Mapping[str, object]) -> Step:
    """Send an event without the blank line that would end it."""
    return _event(call_name("unterminated", data), event_bytes(data).removesuffix(b"\n"))


def raw(data: bytes) -> Step:
    """Send these bytes as they are, as part of the body."""
    _require_bytes("raw", data)
    return _bytes(call_name("raw", data), data)


def wire(data: bytes) -> Step:
    """Put these bytes on the connection outside any HTTP framing: a broken head, a broken chunk size.

    As the first thing of an answer they stand in the place of its head, and the connection closes at the end.
    """
    _require_bytes("wire", data)

    async def run(exchange: Exchange) -> None:
        await exchange.wire(data)

    return Step(call_name("wire", data), run, sends=True)


def comment(text: str = "keep-alive") -> Step:
    """Send a comment, as heartbeats are."""
    require(not set("\r\n") & set(text), "comment: a comment has no line ends; use raw()")
    return _bytes(call_name("comment", text), comment_bytes(text))


def retry_only(milliseconds: int = 3000) -> Step:
    """Send a block with nothing but a `retry:` field, which is no event."""
    return _bytes(call_name("retry_only", milliseconds), b"retry: %d\n\n" % milliseconds)


def id_only(id: str = "1") -> Step:
    """Send a block with nothing but an `id:` field, which is no event."""
    return _bytes(call_name("id_only", id), f"id: {id}\n\n".encode())


def bom() -> Step:
    """Send the UTF-8 byte order mark, which may come before the first event."""
    return _bytes("bom()", b"\xef\xbb\xbf")


def event_bytes(data: str | bytes | Mapping[str, object], *, event: str | None = None, id: str | None = None) -> bytes:
    """One event in the format of the WHATWG standard, lines ended by LF."""
    if isinstance(data, Mapping):
        data = jsonlib.dumps(data, ensure_ascii=False, separators=(",", ":"))
    content = data.encode() if isinstance(data, str) else data
    lines = [b"data: " + line for line in content.split(b"\n")]
    if id is not None:
        lines.insert(0, b"id: " + id.encode())
    if event is not None:
        lines.insert(0, b"event: " + event.encode())
    return b"\n".join([*lines, b"", b""])


def comment_bytes(text: str) -> bytes:
    """A comment block."""
    return f": {text}\n\n".encode()


def _event(name: str, data: bytes) -> Step:
    async def run(exchange: Exchange) -> None:
        await exchange.event(data)

    return Step(name, run, sends=True)


def _bytes(name: str, data: bytes) -> Step:
    async def run(exchange: Exchange) -> None:
        await exchange.body(data)

    return Step(name, run, sends=True)


def _require_bytes(function: str, data: object) -> None:
    require(isinstance(data, bytes), f"{function} takes bytes, not {type(data).__name__}")


def _is_no_json(data: str) -> bool:
    try:
        jsonlib.loads(data)
    except ValueError:
        return True
    return False
