"""Events that differ in one text only, found all at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aiollm.exceptions import EventTooLarge
from aiollm.wire.alike import AlikeEvents, Run
from aiollm.wire.frame import Frame
from aiollm.wire.sse import SSEFramer

ALIKE = AlikeEvents("content", b'{"t":"', b'","n":null}')


def event(text: str) -> bytes:
    return b'data: {"t":"%b","n":null}\n\n' % text.encode()


def texts(run: Run | None) -> tuple[bytes, int] | None:
    return None if run is None else (run.data, len(run.texts))


def test_events_in_a_row_are_one_run() -> None:
    data = event("a") + event(" b") + event("\u00e9\\n\\u00e9")
    run = ALIKE.run_in(data)
    assert texts(run) == ("a b\u00e9\\n\\u00e9".encode(), 3)
    assert run is not None
    assert (ALIKE.written(run.texts), run.size, run.event) == (data, len(data), "")


FOLLOWING: dict[str, bytes] = {
    "the end marker": b"data: [DONE]\n\n",
    "half an event": event("c")[:9],
    "half an event, cut in its text": event("some text")[:-15],
    "an event without its last line end": event("c")[:-1],
    "an empty text": event(""),
    "another event": b'data: {"t":"c","n":1}\n\n',
    "another event, and one alike": b'data: {"t":"c","n":1}\n\n' + event("d"),
    "an event with a name": b"event: x\n" + event("c"),
    "a comment": b": ping\n\n" + event("c"),
    "an error": b'data: {"error":{"message":"no"}}\n\n' + event("c"),
    "a text that ends early": b'data: {"t":"a","error":{"t":"b","n":null}\n\n',
    "a line end in a text": event("a\nb"),
    "a text with half an escape": event("a\\u00"),
    "a text with an escape that is none": event("\\x"),
    "a text whose quote is escaped": event("\\"),
}


@pytest.mark.parametrize("rest", FOLLOWING.values(), ids=FOLLOWING)
def test_a_run_ends_before_whatever_is_not_alike(rest: bytes) -> None:
    data = event("a") + event("b")
    run = ALIKE.run_in(data + rest)
    assert texts(run) == (b"ab", 2)
    assert run is not None
    assert run.size == len(data)


@pytest.mark.parametrize("rest", FOLLOWING.values(), ids=FOLLOWING)
def test_what_does_not_begin_with_such_an_event_begins_with_no_run(rest: bytes) -> None:
    assert ALIKE.run_in(rest) is None


def test_a_text_that_is_no_text_is_left_to_who_can_read_it() -> None:
    assert ALIKE.run_in(b'data: {"t":"\xff","n":null}\n\n') is None


def test_frames_are_joined_up_to_the_first_that_is_not_alike() -> None:
    rest = [Frame("", b"[DONE]"), *SSEFramer().feed(event("c"))]
    joined = list(ALIKE.joined(iter([*SSEFramer().feed(event("a") + event("b")), *rest])))
    assert isinstance(joined[0], Run)
    assert texts(joined[0]) == (b"ab", 2)
    assert ALIKE.written(joined[0].texts) == event("a") + event("b")
    assert joined[1:] == rest
    assert list(ALIKE.joined(iter(rest))) == rest


def test_frames_before_a_fault_are_joined_before_it_is_raised() -> None:
    def frames() -> Iterator[Frame]:
        yield from SSEFramer().feed(event("a") + event("b"))
        raise EventTooLarge("too large")

    joined = ALIKE.joined(frames())
    run = next(joined)
    assert isinstance(run, Run)
    assert len(run.texts) == 2
    with pytest.raises(EventTooLarge):
        next(joined)


@pytest.mark.parametrize("size", [1, 7, 20, 41, 1000])
def test_a_framer_gives_the_same_bytes_however_they_are_cut(size: int) -> None:
    data = b"".join([event(f"{n} ") for n in range(9)] + [b": ping\n\n", event("end"), b"data: [DONE]\n\n"])
    framer = SSEFramer()
    framer.alike = ALIKE
    given = b"".join(
        ALIKE.written(frame.texts) if isinstance(frame, Run) else b"data: %b\n\n" % frame.data
        for start in range(0, len(data), size)
        for frame in framer.feed(data[start : start + size])
    )
    assert given == data.replace(b": ping\n\n", b"")


def test_a_framer_that_expects_events_still_bounds_them() -> None:
    framer = SSEFramer(max_event_bytes=100)
    framer.alike = ALIKE
    with pytest.raises(EventTooLarge):
        list(framer.feed(event("a" * 101)))


@pytest.mark.parametrize("count", [1, 3])
def test_data_that_is_nothing_but_such_events_is_found_as_a_whole(count: int) -> None:
    data = event("a\u00e9") * count
    assert texts(ALIKE.whole_run(data)) == ("a\u00e9".encode() * count, count)
    assert texts(ALIKE.run_in(data)) == ("a\u00e9".encode() * count, count)


@pytest.mark.parametrize("rest", FOLLOWING.values(), ids=FOLLOWING)
def test_data_with_anything_else_in_it_is_no_run_as_a_whole(rest: bytes) -> None:
    for data in (rest, event("a") + rest, event("a") + rest + event("b"), rest + event("a")):
        assert ALIKE.whole_run(data) is None
