"""Ids of events: put into frames, read back, and found again."""

from __future__ import annotations

import pytest

from aiollm.proxy.resume.event_id import EventId, Numbering, after_event, new_stream, read_event_id

STREAM = "0123456789abcdef" * 2


def test_every_event_has_its_id_whatever_its_line_ends_and_the_providers_own_id_does_not_hold() -> None:
    numbering = Numbering(STREAM)
    marked = numbering.mark(b"data: a\n\nevent: b\nid: 7\ndata: b\n\n")
    assert marked.decode() == f"data: a\nid: {STREAM}-1\n\nevent: b\nid: 7\ndata: b\nid: {STREAM}-2\n\n"
    assert numbering.mark(b"data: c\r\n\r\n").decode() == f"data: c\nid: {STREAM}-3\r\n\r\n"
    assert numbering.number == 3


def test_what_comes_after_an_event_is_found_again() -> None:
    marked = Numbering(STREAM).mark(b"".join(b"data: %d\n\n" % number for number in range(1, 12)))
    rest = after_event(marked, EventId(STREAM, 1))
    assert rest.startswith(b"data: 2\n")
    assert after_event(rest, EventId(STREAM, 10)) == f"data: 11\nid: {STREAM}-11\n\n".encode()
    assert after_event(marked, EventId(STREAM, 11)) == b""
    assert after_event(marked, EventId(STREAM, 99)) == marked


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (f"{STREAM}-12", EventId(STREAM, 12)),
        (STREAM, EventId(STREAM, 0)),
        (f"{STREAM}-", None),
        (f"{STREAM}-1x", None),
        ("42", None),
        ("", None),
        (f"{STREAM.upper()}-1", None),
    ],
)
def test_an_id_is_read_or_it_is_none(text: str, read: EventId | None) -> None:
    assert read_event_id(text) == read


def test_the_name_of_a_stream_has_128_random_bits() -> None:
    names = {new_stream() for _ in range(1000)}
    assert len(names) == 1000
    assert {len(bytes.fromhex(name)) for name in names} == {16}
