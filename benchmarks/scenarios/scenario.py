"""What a scenario is: cells to measure in processes of their own, and figures to show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A column: one measured number, or a text made of several."""

    key: str
    title: str
    digits: int = 1
    ratio: bool = False
    show: Callable[[Mapping[str, float]], str] | None = None


@dataclass(frozen=True)
class Scenario:
    """One question about every library.

    ``measure`` takes the library, the provider and a cell's parameters, and returns numbers. It runs in a process of
    its own for every library, cell and round, and may be a coroutine function. ``libraries`` names those that can
    answer; empty for all.
    """

    name: str
    title: str
    about: str
    measure: Callable[..., Any]
    cells: Mapping[str, Mapping[str, Any]]
    figures: tuple[Figure, ...]
    quick: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = 5
    blocking_cells: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()
    interpreter_flags: tuple[str, ...] = ()
