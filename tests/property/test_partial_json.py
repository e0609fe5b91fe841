"""JSON that comes in pieces is what it is as a whole, wherever it is cut."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from aiollm.structured.partial_json import PartialJSON

NUMBERS = some.integers() | some.floats(allow_nan=False, allow_infinity=False)
VALUES = some.recursive(
    some.none() | some.booleans() | NUMBERS | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
CUTS = some.lists(some.floats(0, 1), max_size=6).map(sorted)


@given(VALUES, some.booleans(), some.sampled_from([None, 2]), CUTS)
def test_a_value_is_the_same_however_it_is_cut(value: Any, ascii_only: bool, indent: int | None, cuts: Any) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    ends = [int(cut * len(text)) for cut in cuts]
    reader = PartialJSON()
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        reader.feed(text[start:end])
        reader.value  # noqa: B018  # to look must change nothing
    reader.finish()
    assert reader.value == json.loads(text)
    assert reader.complete
