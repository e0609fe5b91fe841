"""What a fuzzer calls: functions of bytes that raise `AssertionError` when a promise is broken, and nothing else.

They belong to no fuzzer. The first bytes say where the rest, a body, is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aiollm.exceptions import APIError
from tests import ROOT
from tests.dialects.reading import cut, decode, read
from tests.property.framing import as_frames, frames, lines, literal_lines
from tests.property.whatwg import ALL, interpret

__all__ = ["INPUTS", "TARGETS", "seeds"]

INPUTS = ROOT / "tests" / "fuzz" / "inputs"  # what was found, a folder a target
SEED_BYTES = 2000


def sse(data: bytes) -> None:
    """Events are what the standard and our additions say, however they are cut."""
    body, pieces = cut_up(data)
    expected = as_frames(interpret(body, ALL))
    assert frames([body]) == expected
    assert frames(pieces) == expected


def ndjson(data: bytes) -> None:
    """Lines are what they are, however they are cut."""
    body, pieces = cut_up(data)
    expected = [("", line) for line in literal_lines(body)]
    assert lines([body]) == expected
    assert lines(pieces) == expected


def stream(data: bytes) -> None:
    """A stream gives the same chunks however it is cut, and ends well or with an error of ours."""
    body, pieces = cut_up(data)
    whole = read([body])
    assert read(pieces).outcome == whole.outcome
    assert whole.error is None or isinstance(whole.error, APIError)
    assert len(whole.chunks) <= len(body)
    partial = whole.decoder.partial()
    for choice in partial.choices if partial is not None else ():
        assert (choice.message.content or "") == whole.text(choice.index)
        assert len(choice.message.content or "") <= len(body)


def event(data: bytes) -> None:
    """One event after a right one, cut as the bytes say: whatever JSON is in it."""
    body, _ = cut_up(data)
    opening = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}]}\n\ndata: '
    stream(b"\0" + opening + body.replace(b"\n", b" ") + b"\n\n")


def whole(data: bytes) -> None:
    """A whole reply is an answer, or an error of ours."""
    try:
        response = decode(data)
    except APIError:
        return
    assert response.model_dump()["choices"] is not None


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (sse, ndjson, stream, event, whole)
}


def cut_up(data: bytes) -> tuple[bytes, list[bytes]]:
    """The body, and the pieces it is cut into: a byte with a number of cuts, a byte for each cut, the body."""
    count = data[0] % 8 if data else 0
    places, body = data[1 : 1 + count], data[1 + count :]
    return body, cut(body, places)


def seeds(target: str) -> Iterator[bytes]:
    """Where a fuzzer may start: what was found before, and replies of real servers."""
    for path in sorted((INPUTS / target).glob("*")):
        yield path.read_bytes()
    for path in sorted((ROOT / "tests" / "wiredata").glob("*/*.http")):
        _, _, body = path.read_bytes().partition(b"\r\n\r\n")
        if target == "whole":
            yield body[: 2 * SEED_BYTES]
        elif target == "event":
            yield from (b"\0" + line[6:] for line in body.splitlines()[:8] if line.startswith(b"data: {"))
        else:
            yield b"\3\7\x40\x80" + body[:SEED_BYTES]
