"""JSON that is still growing: what is there at any moment, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.structured.partial_json import InvalidJSON, PartialJSON, TooMuchJSON


def read(*pieces: str, **limits: int) -> PartialJSON:
    reader = PartialJSON(**limits)
    for piece in pieces:
        reader.feed(piece)
    return reader


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("{", {}),
        ('{"ci', {}),
        ('{"city"', {}),
        ('{"city": ', {}),
        ('{"city": "', {"city": ""}),
        ('{"city": "Par', {"city": "Par"}),
        ('{"city": "Par\\', {"city": "Par"}),
        ('{"city": "Par\\u00', {"city": "Par"}),
        ('{"city": "Par\\ud83d', {"city": "Par"}),
        ('{"city": "Par\\ud83d\\ude', {"city": "Par"}),
        ('{"city": "Par\\ud83d\\ude00', {"city": "Par😀"}),
        ('{"days": 1', {}),
        ('{"days": 12,', {"days": 12}),
        ('{"days": [1, 2', {"days": [1]}),
        ('{"days": [1, "a', {"days": [1, "a"]}),
        ('{"sure": tru', {}),
        ('[{"a": {"b": [null]', [{"a": {"b": [None]}}]),
        ('"a text', "a text"),
    ],
)
def test_what_there_is_of_a_value(text: str, value: Any) -> None:
    reader = read(*text)
    assert reader.value == value
    assert not reader.complete


def test_the_value_goes_on_growing() -> None:
    reader = read('{"days": [')
    days = reader.value["days"]
    reader.feed('1, "two"]}')
    assert days == [1, "two"]
    assert reader.value["days"] is days


def test_half_a_character_stands_alone() -> None:
    assert read(*'["\\ud83d", "\\ud83dx", "\\ude00", "\\ud83d\\n"]').value == [
        "\ud83d",
        "\ud83dx",
        "\ude00",
        "\ud83d\n",
    ]


def test_a_number_that_stands_alone_ends_with_the_text() -> None:
    reader = read("1", "2")
    assert (reader.value, reader.complete) == (None, False)
    reader.finish()
    assert (reader.value, reader.complete) == (12, True)


@pytest.mark.parametrize(
    "text",
    [
        *("}", "]", ",", ":", "[1,]", "[1 2]", "[}", "1]", "[1] 2"),
        *('{"a" 1}', '{"a": 1,}', "{1: 2}", '{"a": }', '{"a": 1]', '{"a": 1} x', "{}{"),
        *("nul,", "truer", "NaN", "01", "1.", "-", "+1"),
        *('"\x01"', '"\\x"......', '"\\u12x4"', "'a'"),
    ],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidJSON, match="no JSON"):
        read(text + " ")


@pytest.mark.parametrize("text", ["", "{", '{"a": "b', "[1", "tru"])
def test_json_that_breaks_off_is_refused_at_its_end(text: str) -> None:
    with pytest.raises(InvalidJSON):
        read(text).finish()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 9, "deeper than 8"),
        ('{"a":' * 9, "deeper than 8"),
        (" " * 2001, "longer than 2000"),
        ("1" * 1001, "1000 digits"),
    ],
)
def test_what_is_too_much_is_refused(text: str, words: str) -> None:
    with pytest.raises(TooMuchJSON, match=words):
        read(*text, max_characters=2000, max_depth=8)


def test_as_many_levels_as_allowed_are_read() -> None:
    assert read("[" * 8 + "]" * 8, max_depth=8).complete


def test_a_long_text_is_read_in_time_that_grows_with_it() -> None:
    """What is counted is the work: characters that are copied while nobody looks."""
    reader = read('{"body": "')
    for _ in range(100_000):
        reader.feed("four")
    assert reader._string is not None
    assert len(reader._string) == 100_000
    assert len(reader.value["body"]) == 400_000
    assert len(reader._string) == 1
