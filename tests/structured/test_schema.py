"""Classes to answer in: what providers are told of them."""

from __future__ import annotations

import enum
from typing import Any, Literal

import attrs
import pydantic
import pytest

from aiollm.structured.schema import is_structured, response_format_of
from tests.structured.recipes import RECIPES, AttrsRecipe


def objects(schema: Any) -> list[dict[str, Any]]:
    """All schemas of objects within a schema."""
    if isinstance(schema, list):
        return [found for item in schema for found in objects(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if "properties" in schema else []
    return own + [found for item in schema.values() for found in objects(item)]


@pytest.mark.parametrize("kind", [kind for kind in RECIPES if kind is not AttrsRecipe])
def test_every_kind_of_class_is_asked_for_in_the_strict_form(kind: type) -> None:
    form = response_format_of(kind)
    told = form["json_schema"]
    assert (form["type"], told["name"], told["strict"]) == ("json_schema", kind.__name__, True)
    assert told["schema"]["type"] == "object"  # a reference may not stand at the root
    for each in objects(told["schema"]):
        assert each["required"] == [*each["properties"]]
        assert each["additionalProperties"] is False
        assert not [member for member in each["properties"].values() if "default" in member]


def test_a_class_with_members_of_any_name_is_asked_for_as_it_is() -> None:
    told = response_format_of(AttrsRecipe)["json_schema"]
    assert told["strict"] is False
    assert "required" in told["schema"]["$defs"]["AttrsRecipe"]


def test_what_stands_beside_a_reference_is_said_in_its_place() -> None:
    class Colour(enum.Enum):
        RED = "red"

    class Car(pydantic.BaseModel):
        colour: Colour = pydantic.Field(description="of the paint")

    schema = response_format_of(Car)["json_schema"]["schema"]
    assert schema["properties"]["colour"]["enum"] == ["red"]
    assert schema["properties"]["colour"]["description"] == "of the paint"


def test_kinds_told_apart_by_a_member_are_any_of_them() -> None:
    class Cat(pydantic.BaseModel):
        kind: Literal["cat"]

    class Dog(pydantic.BaseModel):
        kind: Literal["dog"]

    class Home(pydantic.BaseModel):
        pet: Cat | Dog = pydantic.Field(discriminator="kind")

    pet = response_format_of(Home)["json_schema"]["schema"]["properties"]["pet"]
    assert {name for name in pet if name != "title"} == {"anyOf"}


def test_a_class_that_refers_to_itself_keeps_its_references() -> None:
    @attrs.define
    class Tree:
        name: str
        children: list[Tree]

    Tree.__annotations__["children"] = list[Tree]
    attrs.resolve_types(Tree, localns={"Tree": Tree})
    schema = response_format_of(Tree)["json_schema"]["schema"]
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert "additionalProperties" in schema["$defs"]["Tree"]


@pytest.mark.parametrize("kind", [int, dict, list[int], "Recipe", None, AttrsRecipe("a"), Any])
def test_other_types_are_none_to_answer_in(kind: Any) -> None:
    assert not is_structured(kind)
