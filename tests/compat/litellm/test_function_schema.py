from __future__ import annotations

from typing import Any

from aiollm.compat.litellm.utils import function_to_dict


def get_current_weather(location: Any, unit: Any, days: Any = 1) -> None:
    """Get the current weather.

    In a given
    location.

    Parameters
    ----------
    location : str
        The city and state, e.g. San Francisco, CA
    unit : {'celsius', 'fahrenheit'}
        Temperature
        unit
    days : int, optional

    Returns
    -------
    str
        a sentence
    """  # noqa: D416  # as NumPy writes it


def annotated(city: str, days: int, where: list[float], *rest: str, odd: object = None, **more: str) -> None: ...


def test_a_docstring_of_numpys_style_is_read() -> None:
    assert function_to_dict(get_current_weather) == {
        "name": "get_current_weather",
        "description": "Get the current weather. In a given location.",
        "parameters": {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "description": "Temperature unit"},
                "days": {"type": "integer"},
            },
            "required": ["location", "unit"],
        },
    }


def test_annotations_stand_in_for_what_the_docstring_does_not_say() -> None:
    schema = function_to_dict(annotated)["parameters"]
    kinds = {name: about.get("type") for name, about in schema["properties"].items()}
    assert kinds == {"city": "string", "days": "integer", "where": "array", "odd": None}
    assert schema["required"] == ["city", "days", "where"]
    assert function_to_dict(lambda: None)["parameters"] == {"type": "object", "properties": {}}
