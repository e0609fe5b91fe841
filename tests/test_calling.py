"""The signature is written four times: three overloads and `acompletion`. They must say the same."""

from __future__ import annotations

import inspect
from typing import Any, get_overloads

import aiollm


def named(module: str, name: str) -> Any:
    """A function of that name: the overloads of a method without a body are found by name only."""

    def function() -> None: ...

    function.__module__, function.__qualname__ = module, name
    return function


def parameters(function: Any) -> dict[str, tuple[Any, Any]]:
    """Names, annotations and defaults, but for `self` and for `stream`, in which the overloads differ."""
    signature = inspect.signature(function)
    return {
        name: (parameter.annotation, parameter.default)
        for name, parameter in signature.parameters.items()
        if name not in ("self", "stream")
    }


def test_the_overloads_have_the_parameters_of_the_function() -> None:
    overloads = get_overloads(named("aiollm.calling", "ChatCompletion.__call__"))
    assert len(overloads) == 3
    for overload in overloads:
        assert parameters(overload) == parameters(aiollm.acompletion)


def test_help_shows_public_names() -> None:
    assert aiollm.acompletion.__name__ == "acompletion"
    assert aiollm.completion.__name__ == "completion"
