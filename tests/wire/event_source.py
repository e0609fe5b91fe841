"""The event stream interpretation of the WHATWG, transcribed step by step, slow and without our additions.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

from collections.abc import Iterator


def lines(body: bytes) -> Iterator[bytes]:
    """Cut at CRLF, LF and CR. The last line counts only if it has its end."""
    start = position = 0
    while position < len(body):
        if body[position : position + 2] == b"\r\n":
            yield body[start:position]
            position += 2
            start = position
        elif body[position : position + 1] in (b"\r", b"\n"):
            yield body[start:position]
            position += 1
            start = position
        else:
            position += 1


def events(body: bytes) -> list[tuple[str, bytes]]:
    """Return the events of a whole body: type and data."""
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    found: list[tuple[str, bytes]] = []
    kind, data = "", b""
    for line in lines(body):
        if line == b"":
            if data != b"":
                found.append((kind, data.removesuffix(b"\n")))
            kind, data = "", b""
        elif line.startswith(b":"):
            continue
        else:
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"event":
                kind = value.decode("utf-8", "replace")
            elif name == b"data":
                data += value + b"\n"
    return found
