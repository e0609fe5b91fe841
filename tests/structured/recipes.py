"""The same class in every way that answers can be read into."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

import attrs
import msgspec
import pydantic


@attrs.frozen
class Step:
    text: str
    minutes: int = attrs.field(default=5, validator=attrs.validators.ge(1))


@attrs.define
class AttrsRecipe:
    title: str
    steps: list[Step] = attrs.Factory(list)
    notes: dict[str, Step] | None = None
    serves: int | None = None


@dataclasses.dataclass(frozen=True)
class DataclassRecipe:
    title: str
    steps: list[Step] = dataclasses.field(default_factory=list)
    serves: int | None = None


class StructRecipe(msgspec.Struct, frozen=True):
    title: str
    steps: list[Step] = []
    serves: int | None = None


class StepModel(pydantic.BaseModel):
    text: str
    minutes: int = pydantic.Field(5, ge=1)


class PydanticRecipe(pydantic.BaseModel):
    title: str
    steps: list[StepModel] = []
    serves: int | None = pydantic.Field(None, alias="for")


class DictRecipe(TypedDict):
    title: str
    steps: list[Step]


RECIPES: tuple[Any, ...] = (AttrsRecipe, DataclassRecipe, StructRecipe, PydanticRecipe, DictRecipe)
WHOLE = '{"title": "Toast", "steps": [{"text": "Cut", "minutes": 1}, {"text": "Eat", "minutes": 2}]}'


def told(recipe: Any) -> tuple[str | None, list[tuple[str, int]]]:
    """What a recipe says, whatever it is."""
    get = recipe.get if isinstance(recipe, dict) else lambda name: getattr(recipe, name)
    return get("title"), [(step.text, step.minutes) for step in get("steps") or []]
