from __future__ import annotations

import pytest

from aiollm.exceptions import EventTooLarge
from aiollm.wire.ndjson import NDJSONFramer

BODY = b'{"a": 1}\r\n\n  \n{"b": "x\xc2\x85\xe2\x80\xa8y"}\n[3]\n'
PAYLOADS = [b'{"a": 1}', b'{"b": "x\xc2\x85\xe2\x80\xa8y"}', b"[3]"]


def payloads(*reads: bytes, limit: int = 1000) -> list[bytes]:
    framer = NDJSONFramer(limit)
    frames = [frame for data in reads for frame in framer.feed(data)]
    return [frame.data for frame in [*frames, *framer.finish()]]


def test_each_line_is_a_frame() -> None:
    assert payloads(BODY) == PAYLOADS


def test_every_cut_gives_the_same_frames() -> None:
    assert payloads(*(BODY[at : at + 1] for at in range(len(BODY)))) == PAYLOADS
    for cut in range(len(BODY)):
        assert payloads(BODY[:cut], BODY[cut:]) == PAYLOADS


def test_an_unterminated_last_line_counts_if_it_is_whole() -> None:
    assert payloads(b'{"a": 1}\n{"b": 2}') == [b'{"a": 1}', b'{"b": 2}']
    assert payloads(b'{"a": 1}\n{"b": 2') == [b'{"a": 1}']


def test_an_empty_body_has_no_frames() -> None:
    assert payloads() == payloads(b"") == payloads(b"\n\r\n") == []


@pytest.mark.parametrize("reads", [[b"1" * 11], [b"1\n" + b"1" * 6, b"1" * 5], [b"1" * 11 + b"\n"]])
def test_a_line_over_the_limit_raises_after_those_before_it(reads: list[bytes]) -> None:
    framer, frames = NDJSONFramer(10), []
    *before, last = reads
    for data in before:
        frames.extend(framer.feed(data))
    with pytest.raises(EventTooLarge, match="max_event_bytes = 10"):
        frames.extend(framer.feed(last))
    assert [frame.data for frame in frames] == [b"1" for data in before]


def test_a_line_as_long_as_the_limit_is_taken() -> None:
    assert payloads(b"1" * 10 + b"\n", limit=10) == [b"1" * 10]


def test_a_body_begins_as_the_framer_says() -> None:
    assert BODY[:1] in NDJSONFramer.beginnings
