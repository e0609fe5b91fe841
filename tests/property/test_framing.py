"""Whatever the bytes, and however they are cut.

Each body is cut in eleven ways, so that the thousand bodies of an ordinary run are eleven thousand cases.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from aiollm.wire.ndjson import NDJSONFramer
from aiollm.wire.sse import SSEFramer
from tests.profiles import many
from tests.property.framing import as_frames, frames, limited, lines, literal_lines
from tests.property.streams import BODIES, LINES_OF_JSON, cuts
from tests.property.whatwg import ALL, interpret


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
