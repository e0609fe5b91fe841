"""Whatever the bytes, and however they are cut.

Each body is cut in eleven ways, so that the thousand bodies of an ordinary run are eleven thousand cases.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from aiollm.exceptions import EventTooLarge
from aiollm.types.lenient import is_json
from aiollm.wire.frame import Framer
from aiollm.wire.ndjson import NDJSONFramer
from aiollm.wire.sse import SSEFramer
from tests.property.conftest import many
from tests.property.streams import BODIES, LINES_OF_JSON, cuts
from tests.property.whatwg import Addition, Reading, interpret

ALL = frozenset(Addition)
Frames = list[tuple[str, bytes]]


def frames(pieces: list[bytes]) -> Frames:
    return limited(SSEFramer(), pieces)[0]


def lines(pieces: list[bytes]) -> Frames:
    return limited(NDJSONFramer(), pieces)[0]


def limited(framer: Framer, pieces: list[bytes]) -> tuple[Frames, bool]:
    """The frames of a body, and whether one was too large."""
    found: Frames = []
    try:
        for piece in pieces:
            found.extend((frame.event, frame.data) for frame in framer.feed(piece))
        found.extend((frame.event, frame.data) for frame in framer.finish())
    except EventTooLarge:
        return found, True
    return found, False


def as_frames(reading: Reading) -> Frames:
    """The events of a reading, as a framer gives them."""
    return [(decoded(event.type), event.data.encode("utf-8", "surrogateescape")) for event in reading.events]


def decoded(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@many
@given(BODIES)
@example(b'data: {}\r\ndata: {}\r\nevent: x\r\ndata: {"a":1}\r\n')
@example(b"data: {}\rdata: {}\rdata: a\rdat")
@example(b"data: {}\nerror: cut of")
@example(b'data: {}\ndata: {}\n{"error": {}}\n')
def test_events_are_read_as_the_standard_and_four_additions_say_however_they_are_cut(body: bytes) -> None:
    expected = as_frames(interpret(body, ALL))
    for pieces in cuts(body):
        assert frames(pieces) == expected


@given(BODIES, st.integers(4, 60))
def test_the_limit_of_an_event_does_not_depend_on_the_cuts(body: bytes, limit: int) -> None:
    found, is_over = limited(SSEFramer(limit), [body])
    assert len(body) > limit or not is_over
    assert all(len(data) <= limit for _, data in found)
    if b"{" in body or b"[" in body:
        return  # an event of several lines may be seen to be several events before or after it is too large
    for pieces in cuts(body):
        assert limited(SSEFramer(limit), pieces) == (found, is_over)


def literal_lines(body: bytes) -> list[bytes]:
    """The lines of a body that are values: cut at LF and at nothing else, the last one only if it is JSON."""
    *ended, last = body.split(b"\n")
    return [line.strip() for line in (*ended, last if is_json(last) else b"") if line.strip()]


@many
@given(LINES_OF_JSON)
def test_lines_of_json_are_cut_at_line_feeds_and_nowhere_else(body: bytes) -> None:
    expected = [("", line) for line in literal_lines(body)]
    for pieces in cuts(body):
        assert lines(pieces) == expected


@given(LINES_OF_JSON, st.integers(0, 60))
def test_the_limit_of_a_line_does_not_depend_on_the_cuts(body: bytes, limit: int) -> None:
    expected = limited(NDJSONFramer(limit), [body])
    for pieces in cuts(body):
        assert limited(NDJSONFramer(limit), pieces) == expected
    assert expected[1] == any(len(line) > limit for line in body.split(b"\n"))
