"""Server-sent events, byte by byte."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from aiollm.exceptions import EventTooLarge
from aiollm.wire.frame import Frame
from aiollm.wire.sse import MAX_EVENT_BYTES, SSEFramer

BOM = b"\xef\xbb\xbf"


def read(*pieces: bytes, limit: int = MAX_EVENT_BYTES) -> list[tuple[str, bytes]]:
    framer = SSEFramer(limit)
    frames = [frame for piece in pieces for frame in framer.feed(piece)]
    return [(frame.event, frame.data) for frame in [*frames, *framer.finish()]]


def live(framer: SSEFramer, *pieces: bytes) -> list[bytes]:
    """What is given before the body ends."""
    return [frame.data for piece in pieces for frame in framer.feed(piece)]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_line_ends_in_lf_cr_or_crlf_wherever_it_is_cut(end: bytes) -> None:
    body = end.join([b"event: a", b"data: 1", b"", b": beat", b"", b"data: 2", b"data: 3", b"", b""])
    expected = [("a", b"1"), ("", b"2\n3")]
    assert read(body) == expected
    for first, second in itertools.combinations(range(len(body) + 1), 2):
        assert read(body[:first], body[first:second], body[second:]) == expected


def test_line_ends_may_be_mixed() -> None:
    assert read(b"data: a\r\n\ndata: b\n\r\ndata: c\r\rdata: d\r\n\r\n") == [("", b) for b in (b"a", b"b", b"c", b"d")]


def test_the_lf_of_a_crlf_that_was_cut_is_no_blank_line() -> None:
    assert read(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\ndata: c\n\n") == [("", b"a\nb"), ("", b"c")]


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (1, 2), (3,)])
def test_a_bom_is_dropped_in_one_to_three_reads(cuts: tuple[int, ...]) -> None:
    body = BOM + b"data: a\n\n"
    edges = [0, *cuts, len(body)]
    assert read(*(body[start:end] for start, end in itertools.pairwise(edges))) == [("", b"a")]


def test_only_the_first_bom_is_dropped() -> None:
    assert read(BOM + BOM + b"data: a\n\ndata: b\n\n") == [("", b"b")]


def test_what_begins_like_a_bom_is_kept() -> None:
    assert read(b"\xef\xbb", b"data: a\n\ndata: b\n\n") == [("", b"b")]


def test_comments_are_dropped() -> None:
    assert read(b": PROCESSING\n\n: \n\n:\n\ndata: a\n: inside\ndata: b\n\n") == [("", b"a\nb")]


def test_lines_of_data_are_joined() -> None:
    assert read(b"data: a\ndata\ndata:\ndata:  b\n\n") == [("", b"a\n\n\n b")]


def test_only_one_space_after_the_colon_is_dropped() -> None:
    assert read(b"data:a\n\ndata: a\n\ndata:  a\n\n") == [("", b"a"), ("", b"a"), ("", b" a")]


@pytest.mark.parametrize(
    "block", [b"retry: 500\n\n", b"id: 7\n\n", b"event: ping\n\n", b"\n\n", b"junk\n\n", b"Data: x\n\n"]
)
def test_a_block_without_data_is_no_event(block: bytes) -> None:
    assert read(block, b"data: a\n\n") == [("", b"a")]
    assert read(b"data: a\n\n", block) == [("", b"a")]


def test_the_name_of_an_event_does_not_outlive_it() -> None:
    assert read(b"event: ping\n\ndata: a\n\n") == [("", b"a")]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x00"])
def test_no_other_character_ends_a_line(separator: str) -> None:
    data = f'{{"content":"a{separator}b"}}'.encode()
    body = b"data: " + data + b"\n\n"
    assert read(body) == [("", data)]
    assert read(*(body[i : i + 1] for i in range(len(body)))) == [("", data)]


@pytest.mark.parametrize(
    "tail", [b'data: {"a":1}', b'data: {"a":1}\n', b'data: {"a":1}\r\n', b"data: [DONE]", b"data:[DONE]\n"]
)
def test_an_unterminated_last_event_is_used_if_it_is_whole(tail: bytes) -> None:
    assert len(read(b"data: 0\n\n", tail)) == 2


@pytest.mark.parametrize(
    "tail", [b'data: {"a":', b"data: [DON", b"data: hello\n", b"dat", b"data: {}\ndata: x", b"{", b'{"error"']
)
def test_an_unterminated_last_event_that_is_cut_is_dropped(tail: bytes) -> None:
    assert all(data == b"{}" for _, data in read(tail))
    assert ("", b"x") not in read(tail)


def test_single_newline_events_are_given_as_they_come() -> None:
    framer = SSEFramer()
    assert live(framer, b'data: {"a":1}\n') == []
    assert live(framer, b'data: {"a":2}\ndata: {') == [b'{"a":1}', b'{"a":2}']
    assert live(framer, b'"a":3}\n') == [b'{"a":3}']
    assert live(framer, b"data: [DONE]\n") == [b"[DONE]"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_single_newline_events_are_given_as_they_come_byte_by_byte(end: bytes) -> None:
    body = b'data: {"a":1}' + end + b'data: {"a":2}' + end + b"data:"
    framer = SSEFramer()
    assert live(framer, *(body[i : i + 1] for i in range(len(body)))) == [b'{"a":1}', b'{"a":2}']


def test_single_newline_events_at_the_end_of_the_body() -> None:
    assert read(b'data: {"a":1}\ndata: [DONE]') == [("", b'{"a":1}'), ("", b"[DONE]")]


def test_single_newline_events_keep_their_names_comments_and_errors() -> None:
    body = b'event: x\ndata: {"a":1}\n: beat\ndata: {"a":2}\nevent: y\ndata: {"a":3}\n\n'
    body += b'event: z\n\ndata: {}\nerror: {"c":1}\n'
    expected = [("x", b'{"a":1}'), ("", b'{"a":2}'), ("y", b'{"a":3}'), ("", b"{}"), ("error", b'{"c":1}')]
    assert read(body) == expected
    assert read(*(body[i : i + 1] for i in range(len(body)))) == expected


def test_a_name_among_single_newline_events_outlives_a_crlf_that_was_cut() -> None:
    body = b'data: {"a":1}\r\ndata: {"a":2}\r\nevent: x\r\ndata: {"a":3}\r\n'
    assert read(*(body[i : i + 1] for i in range(len(body)))) == read(body)
    assert read(body)[-1] == ("x", b'{"a":3}')


def test_single_newline_events_that_end_in_cr_are_given_as_they_come() -> None:
    assert live(SSEFramer(), b'data: {"a":1}\rdata: {"a":2}\rdata: ') == [b'{"a":1}', b'{"a":2}']


def test_the_last_whole_line_of_single_newline_events_is_an_event() -> None:
    assert read(b"data: {}\rdata: {}\rdata: a\rdat") == [("", b"{}"), ("", b"{}"), ("", b"a")]
    assert read(b"data: {}\ndata: {}\ndata") == [("", b"{}"), ("", b"{}")]


def test_bare_json_among_single_newline_events_is_an_event() -> None:
    assert read(b'data: {}\ndata: {}\n{"error": 1}\n') == [("", b"{}"), ("", b"{}"), ("", b'{"error": 1}')]


def test_one_json_object_over_several_lines_stays_one_event() -> None:
    assert read(b'data: {"a":\ndata: 1}\n\n') == [("", b'{"a":\n1}')]


def test_lines_that_are_not_objects_stay_one_event() -> None:
    assert read(b"data: 1\ndata: 2\n\n") == [("", b"1\n2")]


def test_an_error_line_is_an_error_event() -> None:
    assert read(b'data: {"a":1}\n\nerror: {"code":500}\n\n') == [("", b'{"a":1}'), ("error", b'{"code":500}')]
    assert read(b'error: {"code":500}') == [("error", b'{"code":500}')]
    assert read(b"error: it broke\n") == [("error", b"it broke")]
    assert read(b"error: it bro") == []
    assert read(b"data: {}\nerror: it bro") == [("", b"{}")]
    assert read(b"error: it broke\n: be") == [("error", b"it broke")]
    assert read(b"event: error\ndata: it broke\n") == [("error", b"it broke")]
    assert read(b"event: error\ndata: it bro") == []


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n", b"\r\n\r\n"])
def test_a_bare_json_error_in_mid_stream_is_an_event(end: bytes) -> None:
    error = b'{\n  "error": {"code": 499,\n  "message": "cancelled"}\n}'
    assert read(b"data: {}\n\n", error + end) == [("", b"{}"), ("", error)]


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_the_limit_is_exact_however_the_bytes_are_cut(end: bytes) -> None:
    event = b"data: " + b"x" * 94
    body = b"\n" + event + end
    for pieces in ([body], [body[i : i + 1] for i in range(len(body))], [event + end[:1], end[1:]]):
        assert read(*pieces, limit=100) == [("", b"x" * 94)]
        with pytest.raises(EventTooLarge):
            read(*pieces, limit=99)


def test_the_limit_is_in_the_message() -> None:
    with pytest.raises(EventTooLarge, match="longer than max_event_bytes = 99") as caught:
        read(b"data: " + b"x" * 94, limit=99)
    assert caught.value.phase == "stream"


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_frames_before_the_one_over_the_limit_are_given(size: int) -> None:
    body = b"data: a\n\n: beat\n\ndata: b\n\ndata: " + b"x" * 200 + b"\n\n"
    framer = SSEFramer(64)
    given: list[bytes] = []

    def feed() -> None:
        for start in range(0, len(body), size):
            given.extend(frame.data for frame in framer.feed(body[start : start + size]))

    with pytest.raises(EventTooLarge):
        feed()
    assert given == [b"a", b"b"]


def test_a_line_over_the_limit_among_single_newline_events() -> None:
    body = b'data: {"a":1}\ndata: {"a":2}\ndata: {"a":"' + b"x" * 100 + b'"}\ndata: {}\n'
    for pieces in ([body], [body[i : i + 1] for i in range(len(body))]):
        with pytest.raises(EventTooLarge):
            read(*pieces, limit=64)


def test_no_more_is_kept_than_the_limit_and_one_read() -> None:
    framer = SSEFramer(1000)
    kept = 0

    def feed() -> None:
        nonlocal kept
        for _ in range(1000):
            assert list(framer.feed(b"x" * 64)) == []
            kept += 64

    with pytest.raises(EventTooLarge):
        feed()
    assert kept <= 1000


class Counted(bytes):
    """Bytes that count how many of them are looked at."""

    work = 0

    def __add__(self, other: Any) -> Counted:
        return counted(bytes.__add__(self, other))

    def __radd__(self, other: Any) -> Counted:
        return counted(bytes(other) + bytes(self))


def counted(data: bytes) -> Counted:
    Counted.work += len(data)
    return Counted(data)


def work(framer: SSEFramer, pieces: list[bytes]) -> int:
    """How many bytes are copied by joining and cutting in a whole reading."""
    Counted.work = 0
    take, keep = framer._take, framer._overlap

    def counting_take() -> bytes:
        return counted(take())

    def counting_overlap(*width: int) -> bytes:
        return counted(keep(*width))

    framer._take, framer._overlap = counting_take, counting_overlap  # type: ignore[method-assign]
    joins = framer._take_lines

    def counting_lines(new: bytes) -> bytes:
        before = framer._may_be_lines and not framer._one_newline and b"\ndata:" in new
        Counted.work += framer._size if before else 0
        return joins(new)

    framer._take_lines = counting_lines  # type: ignore[method-assign]
    for piece in pieces:
        for _ in framer.feed(piece):
            pass
    return Counted.work


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda size: b"data: " + b"x" * size + b"\n\n", id="one long event"),
        pytest.param(lambda size: b"data: x\n" * (size // 8) + b"\n", id="one event of many lines"),
        pytest.param(lambda size: b'data: {"a":1}\n' * (size // 14), id="single-newline events"),
        pytest.param(lambda size: b": beat\n" * (size // 7) + b"\n", id="comments without a blank line"),
        pytest.param(lambda size: b"data: {}\n\n" * (size // 10), id="short events"),
    ],
)
def test_the_work_is_linear_in_the_bytes_however_they_are_cut(body: Any) -> None:
    def effort(size: int) -> int:
        whole = body(size)
        return work(SSEFramer(), [whole[i : i + 16] for i in range(0, len(whole), 16)])

    assert effort(32_000) <= 2.2 * effort(16_000) <= 2.2 * 2.2 * effort(8_000)


def test_a_frame_compares_by_value() -> None:
    assert Frame("", b"x") == Frame("", b"x") != Frame("e", b"x")


@pytest.mark.parametrize("line", ["data: 1", "event: x", "error: {}", "id: 1", "retry: 1", ": note", "\ufeffdata: 1"])
def test_a_body_begins_as_the_framer_says(line: str) -> None:
    assert line.encode()[:1] in SSEFramer.beginnings


NAMED = b'event: a\ndata: {"x": 1}\n\nevent: b\ndata: 2\n\n'


@pytest.mark.parametrize(
    ("body", "frames"),
    [
        (NAMED, [("a", b'{"x": 1}'), ("b", b"2")]),
        (NAMED + b"data: 3\n\n", [("a", b'{"x": 1}'), ("b", b"2"), ("", b"3")]),
        (b": note\n\n" + NAMED, [("a", b'{"x": 1}'), ("b", b"2")]),
        (NAMED + b"event: c\nid: 1\ndata: 3\n\n", [("a", b'{"x": 1}'), ("b", b"2"), ("c", b"3")]),
        (NAMED + b"event: c\ndata: 3\ndata: 4\n\n", [("a", b'{"x": 1}'), ("b", b"2"), ("c", b"3\n4")]),
        (NAMED.replace(b"\n", b"\r\n"), [("a", b'{"x": 1}'), ("b", b"2")]),
    ],
)
def test_events_with_names_are_the_same_however_they_are_cut(body: bytes, frames: list[tuple[str, bytes]]) -> None:
    assert read(body) == frames
    for place in range(len(body)):
        assert read(body[:place], body[place:]) == frames


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [b"1", b"2"]),
        (b"data: 1\r\n\r\ndata: 2\r\n\r\ndata: 3", [b"1", b"2", b"3"]),
        (b"data: 1\r\n\r\n: beat\r\n\r\ndata: 2\r\n\r\n", [b"1", b"2"]),
        (b"data: 1\r\n\r\ndata: 2\rdata: 3\r\n\r\n", [b"1", b"2\n3"]),
        (b"data: 1\r\n\r\ndata: 2\r\n\r", [b"1", b"2"]),
        (b"data: 1\r\n\r\ndata: 2\n\ndata: 3\r\n\r\n", [b"1", b"2", b"3"]),
        (b"data: 1\r\n\r\ndata: 2\r\ndata: x\r\n\r\n", [b"1", b"2\nx"]),
    ],
)
def test_events_that_end_in_crlf_are_the_same_in_one_read_and_byte_by_byte(body: bytes, expected: list[bytes]) -> None:
    whole = [data for _, data in read(body)]
    assert whole == [data for _, data in read(*(body[at : at + 1] for at in range(len(body))))] == expected


def test_a_crlf_event_over_the_limit_raises() -> None:
    with pytest.raises(EventTooLarge):
        read(b"data: 1\r\n\r\ndata: " + b"2" * 30 + b"\r\n\r\n", limit=20)
