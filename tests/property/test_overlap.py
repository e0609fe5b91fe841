"""The overlap of a continuation with the text before it, over an alphabet in which much repeats."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.test_overlap import new_of

texts = st.text("ab ", max_size=60)


@given(before=texts, continuation=texts, cuts=st.lists(st.integers(0, 60), max_size=5))
def test_how_it_is_cut_makes_no_difference(before: str, continuation: str, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), 60]
    pieces = [continuation[start:end] for start, end in pairwise(places)]
    assert new_of(before, *pieces) == new_of(before, continuation)


@given(before=texts, continuation=texts)
def test_only_what_was_said_before_is_taken_off(before: str, continuation: str) -> None:
    new = new_of(before, continuation)
    assert continuation.endswith(new)
    assert before.rstrip().endswith(continuation[: len(continuation) - len(new)].rstrip())
