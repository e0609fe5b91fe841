"""The transcription reads the standard's own examples as the standard says, and each addition where it applies."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.property.streams import BODIES
from tests.property.whatwg import ALL, Addition, Event, interpret


def test_two_lines_of_data_are_one_event() -> None:
    assert interpret(b"data: YHOO\ndata: +2\ndata: 10\n\n").events == [Event("", "YHOO\n+2\n10")]


def test_a_comment_an_id_an_empty_id_and_no_final_blank_line() -> None:
    body = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event"
    assert interpret(body).events == [Event("", "first event", "1"), Event("", "second event", "")]


def test_data_without_a_value_is_an_event_and_the_last_block_is_none() -> None:
    assert interpret(b"data\n\ndata\ndata\n\ndata:").events == [Event("", ""), Event("", "\n")]


def test_one_space_after_the_colon_is_dropped() -> None:
    assert interpret(b"data:test\n\ndata: test\n\n").events == [Event("", "test")] * 2


def test_an_id_lasts_a_null_in_it_does_not_count_and_a_type_does_not_last() -> None:
    body = b"id: 7\nevent: add\ndata: 1\n\nid: 8\0\ndata: 2\n\n"
    assert interpret(body).events == [Event("add", "1", "7"), Event("", "2", "7")]


def test_a_time_to_reconnect_is_digits() -> None:
    assert interpret(b"retry: 500\nretry: 5s\nretry: -1\n").reconnection_time == 500


def test_one_bom_is_dropped() -> None:
    assert interpret(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n").events == [Event("", "b")]


@pytest.mark.parametrize(
    ("addition", "body", "standard", "ours"),
    [
        (Addition.TAIL, b"data: a\n\ndata: {}", ["a"], ["a", "{}"]),
        (Addition.TAIL, b"data: [DONE]\n", [], ["[DONE]"]),
        (Addition.ONE_NEWLINE, b"data: {}\ndata: {}\n\n", ["{}\n{}"], ["{}", "{}"]),
        (Addition.ERROR_LINE, b"error: broken\n\n", [], ["broken"]),
        (Addition.BARE_JSON, b'{"error":\n{}}\n\n', [], ['{"error":\n{}}']),
    ],
)
def test_an_addition_is_all_that_separates_us_from_the_standard(
    addition: Addition, body: bytes, standard: list[str], ours: list[str]
) -> None:
    assert [event.data for event in interpret(body).events] == standard
    for additions in (frozenset({addition}), frozenset(Addition)):
        reading = interpret(body, additions)
        assert [event.data for event in reading.events] == ours
        assert reading.used == {addition}


@given(BODIES)
def test_an_addition_that_a_reading_did_not_use_changed_nothing(body: bytes) -> None:
    reading = interpret(body, ALL)
    for unused in (ALL - reading.used, *({addition} for addition in ALL - reading.used)):
        assert interpret(body, ALL - unused).events == reading.events
