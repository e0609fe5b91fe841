from __future__ import annotations

import json
import time

import pytest

from aiollm.exceptions import EventTooLarge
from aiollm.wire.jsonarray import ArrayOrEventsFramer, JSONArrayFramer

ELEMENTS = [
    {"text": 'brackets ]}[{, a quote " and a backslash \\', "n": [1, [2, {"deep": "]"}]]},
    {},
    [],
    ["a", {"b": "\\"}],
    "a text, with a comma ]",
    1.5,
    None,
    {"last": "umlaut ä 🙂"},
]
BODY = json.dumps(ELEMENTS, indent=2).encode() + b"\r\n"


def payloads(*reads: bytes, limit: int = 10_000) -> list[bytes]:
    framer = JSONArrayFramer(limit)
    frames = [frame for data in reads for frame in framer.feed(data)]
    return [frame.data for frame in [*frames, *framer.finish()]]


def values(*reads: bytes) -> list[object]:
    return [json.loads(payload) for payload in payloads(*reads)]


def test_each_element_is_a_frame() -> None:
    assert values(BODY) == ELEMENTS


def test_every_cut_gives_the_same_frames() -> None:
    whole = payloads(BODY)
    assert payloads(*(BODY[at : at + 1] for at in range(len(BODY)))) == whole
    for cut in range(len(BODY)):
        assert payloads(BODY[:cut], BODY[cut:]) == whole


def test_an_object_is_given_with_its_last_byte() -> None:
    framer = JSONArrayFramer()
    assert [frame.data for frame in framer.feed(b'[{"a": {"b": 1}}')] == [b'{"a": {"b": 1}}']
    assert [frame.data for frame in framer.feed(b'\n,\n{"c": 2}')] == [b'{"c": 2}']


def test_an_empty_array_has_no_frames() -> None:
    assert payloads() == payloads(b"[]") == payloads(b"[ \n ]\n") == []


def test_an_unterminated_last_element_counts_if_it_is_whole() -> None:
    assert payloads(b'[{"a": 1}, 2') == [b'{"a": 1}', b"2"]
    assert payloads(b'[{"a": 1}, {"b": 2') == [b'{"a": 1}']


def test_what_follows_the_array_is_read_as_events() -> None:
    body = b'[{"a": 1}]\n\ndata: {"error": 1}\n\n{"error": 2}\n'
    expected = [b'{"a": 1}', b'{"error": 1}', b'{"error": 2}']
    assert payloads(body) == payloads(*(body[at : at + 1] for at in range(len(body)))) == expected


@pytest.mark.parametrize("reads", [[b'[{}, "123456789"]'], [b"[{}", b', "123', b'456789"']])
def test_an_element_over_the_limit_raises_after_those_before_it(reads: list[bytes]) -> None:
    framer, frames = JSONArrayFramer(10), []

    def read() -> None:
        for data in reads:
            for frame in framer.feed(data):
                frames.append(frame.data)  # noqa: PERF401  # those before the error are kept

    with pytest.raises(EventTooLarge, match="max_event_bytes = 10"):
        read()
    assert frames == [b"{}"]


def test_a_long_string_in_small_pieces_takes_linear_time() -> None:
    text = b'["' + b"\\\\x" * 300_000 + b'"]'
    begun = time.process_time()
    (payload,) = payloads(*(text[at : at + 7] for at in range(0, len(text), 7)), limit=10_000_000)
    assert len(payload) == len(text) - 2
    assert time.process_time() - begun < 10  # quadratic would be minutes


@pytest.mark.parametrize("cut", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b' \n[{"a": 1}\n,\n{"b": 2}]', [b'{"a": 1}', b'{"b": 2}']),
        (b'\r\ndata: {"a": 1}\r\n\r\ndata: {"b": 2}\r\n\r\n', [b'{"a": 1}', b'{"b": 2}']),
        (b'data: {"a": 1}\r\n\r\n{\n  "error": 2\n}\n', [b'{"a": 1}', b'{\n  "error": 2\n}']),
        (b" \n ", []),
    ],
)
def test_the_first_byte_tells_an_array_from_events(body: bytes, expected: list[bytes], cut: int) -> None:
    framer = ArrayOrEventsFramer()
    frames = [frame for at in range(0, len(body), cut) for frame in framer.feed(body[at : at + cut])]
    assert [frame.data for frame in [*frames, *framer.finish()]] == expected
