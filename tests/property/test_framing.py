"""Whatever the bytes, and however they are cut."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from aiollm.exceptions import EventTooLarge
from aiollm.wire.sse import SSEFramer
from tests.dialects.reading import cut
from tests.wire.event_source import events

WHITE = st.sampled_from([b"\n", b"\r", b"\r\n"])
VALUES = st.sampled_from(
    [
        b"",
        b" ",
        b"a",
        b"  b",
        b'{"a":1}',
        b'{"b":[2]}',
        b"[DONE]",
        b"x:y",
        "é\u2028\x85".encode(),
        b"\x0b\x0c",
        b"\xff",
        b"{",
    ]
)
FIELDS = st.sampled_from(
    [b"data:", b"data: ", b"data", b"event: ", b"id: ", b"retry: ", b": ", b"error: ", b"junk", b"data :"]
)
LINES = st.tuples(FIELDS, VALUES, WHITE).map(b"".join)
ENDS = st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r", b"\n", b""])
DOCUMENTS = st.lists(st.one_of(LINES, WHITE, ENDS), max_size=24).map(b"".join)
BYTES = st.one_of(
    DOCUMENTS,
    st.binary(max_size=80),
    st.tuples(st.sampled_from([b"\xef\xbb\xbf", b"\xef\xbb", b""]), DOCUMENTS).map(b"".join),
)
CUTS = st.lists(st.integers(0, 300), max_size=12)


def frames(pieces: list[bytes], limit: int = 1 << 20) -> list[tuple[str, bytes]]:
    framer = SSEFramer(limit)
    found = [(frame.event, frame.data) for piece in pieces for frame in framer.feed(piece)]
    return found + [(frame.event, frame.data) for frame in framer.finish()]


@given(BYTES, CUTS)
@example(b"data: {}\ndata: {}\ndata: x\n\ndata: y\ndata: z\n\n", [9, 18, 20, 27])
@example(b"\xef\xbb\xbfdata: a\r\n\r\n", [1, 2, 11])
def test_any_cut_gives_the_same_frames(body: bytes, places: list[int]) -> None:
    whole = frames([body])
    assert frames(cut(body, places)) == whole
    assert frames([body[i : i + 1] for i in range(len(body))]) == whole


def is_plain(body: bytes) -> bool:
    """Whether a body has nothing in it that we read in another way than the specification."""
    return not any(mark in body for mark in (b"error", b"{", b"["))


@given(st.one_of(DOCUMENTS, BYTES).filter(is_plain), CUTS)
def test_plain_documents_are_read_as_the_specification_says(body: bytes, places: list[int]) -> None:
    assert frames(cut(body, places)) == events(body)


@given(BYTES, CUTS, st.integers(0, 40))
def test_no_bytes_do_anything_but_give_frames_or_exceed_the_limit(body: bytes, places: list[int], limit: int) -> None:
    framer = SSEFramer(limit)
    try:
        for piece in cut(body, places):
            for frame in framer.feed(piece):
                assert len(frame.data) <= limit
        for frame in framer.finish():
            assert len(frame.data) <= limit
    except EventTooLarge:
        assert len(body) > limit


@given(DOCUMENTS.filter(is_plain), CUTS, st.integers(1, 40))
def test_the_limit_does_not_depend_on_the_cuts(body: bytes, places: list[int], limit: int) -> None:
    def reading(pieces: list[bytes]) -> tuple[list[tuple[str, bytes]], bool]:
        framer, found = SSEFramer(limit), []
        try:
            for piece in pieces:
                found.extend((frame.event, frame.data) for frame in framer.feed(piece))
            found.extend((frame.event, frame.data) for frame in framer.finish())
        except EventTooLarge:
            return found, True
        return found, False

    assert reading(cut(body, places)) == reading([body[i : i + 1] for i in range(len(body))])
