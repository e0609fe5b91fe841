"""Answers read into the classes that they are to be."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import attrs
import pytest

from aiollm.structured.reading import read_structured
from tests.structured.recipes import RECIPES, WHOLE, AttrsRecipe, DataclassRecipe, PydanticRecipe, Step, told


@pytest.mark.parametrize("kind", RECIPES)
def test_an_answer_is_read_into_its_class(kind: type) -> None:
    assert told(read_structured(kind, WHOLE)) == ("Toast", [("Cut", 1), ("Eat", 2)])


def test_an_answer_is_read_by_other_names() -> None:
    assert read_structured(PydanticRecipe, '{"title": "Toast", "for": 2}').serves == 2


@pytest.mark.parametrize("kind", RECIPES)
@pytest.mark.parametrize(
    "wrong", ["no JSON", '{"steps": []}', WHOLE.replace("1", '"one"'), '{"title": "a", "steps": [{}]}']
)
def test_an_answer_of_another_shape_is_refused(kind: type, wrong: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each library has its words
        read_structured(kind, wrong)


def test_the_checks_of_a_class_hold() -> None:
    with pytest.raises(ValueError, match="minutes"):
        read_structured(Step, '{"text": "Cut", "minutes": 0}')


@pytest.mark.parametrize("kind", [AttrsRecipe, DataclassRecipe])
def test_what_is_wrong_is_said_with_its_place(kind: type) -> None:
    answer = '{"title": "Toast", "steps": [{"text": "Cut"}, {"text": 5, "minutes": 0}, {}]}'
    with pytest.raises(ValueError, match="steps") as caught:
        read_structured(kind, answer)
    assert str(caught.value).split("; ") == [
        "Expected `str`, got `int` @ $.steps[1].text",
        "is missing @ $.steps[2].text",
    ]


@attrs.frozen
class Word:
    text: str = attrs.field(converter=str.upper)


@attrs.frozen
class Line:
    words: tuple[Word, ...]


def test_the_converters_of_a_class_run() -> None:
    assert read_structured(Line, '{"words": [{"text": "a"}, {"text": "b"}]}') == Line((Word("A"), Word("B")))


class Colour(enum.Enum):
    RED = "red"


@attrs.frozen
class Car:
    colour: Colour
    built: dt.date
    price: float
    doors: int | str
    notes: Any = None


def test_values_are_read_as_json_has_them() -> None:
    answer = '{"colour": "red", "built": "2026-11-26", "price": 5, "doors": "none", "notes": [{}], "more": 1}'
    assert read_structured(Car, answer) == Car(Colour.RED, dt.date(2026, 11, 26), 5.0, "none", [{}])


@pytest.mark.parametrize("member", ['"price": "5"', '"colour": "blue"', '"built": 5', '"doors": 1.5', '"price": true'])
def test_a_value_of_another_type_is_refused(member: str) -> None:
    name = member.split('"')[1]
    answer = {"colour": '"red"', "built": '"2026-11-26"', "price": "5", "doors": "3"}
    others = ", ".join(f'"{key}": {value}' for key, value in answer.items() if key != name)
    with pytest.raises(ValueError, match=rf"@ \$\.{name}$"):
        read_structured(Car, f"{{{member}, {others}}}")
