"""What there is of an object before it is whole."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.structured.drafts import draft
from tests.structured.recipes import RECIPES, AttrsRecipe, DictRecipe, PydanticRecipe, Step, told


@pytest.mark.parametrize("kind", RECIPES)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, (None, [])),
        ({"title": "To"}, ("To", [])),
        ({"title": "Toast", "steps": []}, ("Toast", [])),
        ({"title": "Toast", "steps": [{"text": "C"}]}, ("Toast", [("C", 5)])),
        ({"title": "Toast", "steps": [{"text": "Cut", "minutes": 1}, {}]}, ("Toast", [("Cut", 1), (None, 5)])),
    ],
)
def test_a_draft_has_what_there_is(kind: Any, value: Any, expected: Any) -> None:
    drawn = draft(kind, value)
    assert told(drawn) == expected
    assert type(drawn) is (dict if kind is DictRecipe else kind)


def test_a_draft_is_not_checked() -> None:
    assert draft(Step, {"text": 5, "minutes": 0}).minutes == 0


def test_members_in_unions_and_dicts_are_drafts_too() -> None:
    recipe = draft(AttrsRecipe, {"title": "Toast", "notes": {"first": {"text": "Cut"}}, "serves": 2})
    assert recipe.notes["first"] == Step("Cut")
    assert (recipe.serves, recipe.steps) == (2, [])


def test_a_member_is_found_by_its_name_in_json() -> None:
    assert draft(PydanticRecipe, {"for": 2}).serves == 2


def test_what_no_class_is_known_for_stays_as_it_is() -> None:
    assert draft(int, {"a": [1]}) == {"a": [1]}
    assert draft(list[Step] | None, [{"text": "a"}]) == [Step("a")]
    assert draft(None, "text") == "text"
