"""What a continuation repeats of the text before it."""

from __future__ import annotations

import pytest

from aiollm.engine.overlap import LONGEST_REPEAT, Overlap

BEFORE = "The sky is blue because the air scatters"


def new_of(before: str, *pieces: str) -> str:
    """What all pieces add to the text before."""
    overlap = Overlap(before)
    return "".join(map(overlap.feed, pieces)) + overlap.rest()


@pytest.mark.parametrize(
    ("before", "pieces", "new"),
    [
        (BEFORE, [" short waves."], " short waves."),
        (BEFORE, ["because the air scatters short waves."], " short waves."),
        (BEFORE, ["because the ", "air scatters", " short", " waves."], " short waves."),
        (BEFORE, [BEFORE, " short waves."], " short waves."),
        (BEFORE, ["The sky is ", "blue because the air scatters short waves."], " short waves."),
        (BEFORE, ["because the air is thin"], "because the air is thin"),
        (BEFORE, [" scatters", " scatters"], " scatters scatters"),  # too short to be more than chance
        ("ha ha", [" ha ha!"], " ha ha!"),
        ("One", ["One", " two"], "One two"),
        ("1", ["1"], "1"),
        ("ab" * 20, ["ab" * 20, "c"], "c"),  # the longest repetition counts
        ("so far ", [" so", " good"], "so good"),
        ("so far\n", ["\n\n- so", " good"], "\n- so good"),
        ("so far\n\n", ["\n", "so good"], "so good"),
        ("so far ", [". So good"], ". So good"),
        (BEFORE + "\n", [BEFORE, "\n\nIndeed"], "\nIndeed"),
        (BEFORE, ["", " short"], " short"),
        (BEFORE, [], ""),
        (BEFORE, [BEFORE[:20]], BEFORE[:20]),  # the end came before it was a repetition
    ],
)
def test_what_is_new(before: str, pieces: list[str], new: str) -> None:
    assert new_of(before, *pieces) == new


def test_what_is_certainly_new_is_not_held_back() -> None:
    overlap = Overlap(BEFORE)
    assert overlap.feed(" short") == " short"
    assert overlap.feed(BEFORE) == BEFORE


def test_what_may_be_a_repetition_is_held_until_it_is_certain() -> None:
    overlap = Overlap(BEFORE)
    assert overlap.feed("because the") == ""
    assert overlap.feed(" wind") == "because the wind"


def test_a_long_text_is_looked_at_near_its_end_only() -> None:
    before = "".join(f"line {number}\n" for number in range(1000)) + "the end"
    assert new_of(before, before[-LONGEST_REPEAT:], "!") == "!"
    assert new_of(before, before[-LONGEST_REPEAT - 5 :]) == before[-LONGEST_REPEAT - 5 :]
    assert new_of(before, before, "!") == "!"
