"""Efforts as budgets and levels, by the generation of the model."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.gemini_thinking import generation, thinking_config, thinks
from aiollm.exceptions import BadRequestError

EFFORTS = ("none", "minimal", "low", "medium", "high")


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("gemini-2.5-flash", [0, 1, 1024, 2048, 4096]),
        ("gemini-2.5-flash-lite-preview", [0, 512, 1024, 2048, 4096]),
        ("gemini-2.5-pro", [128, 128, 1024, 2048, 4096]),
        ("gemini-3-flash-preview", ["minimal", "minimal", "low", "medium", "high"]),
        ("gemini-3.1-pro", ["low", "low", "low", "medium", "high"]),
        ("gemini-flash-latest", ["minimal", "minimal", "low", "medium", "high"]),
    ],
)
def test_an_effort_is_a_budget_or_a_level(model: str, sent: list[Any]) -> None:
    name = "thinkingBudget" if isinstance(sent[0], int) else "thinkingLevel"
    assert [thinking_config(model, effort)[name] for effort in EFFORTS] == sent
    assert [thinking_config(model, effort)["includeThoughts"] for effort in EFFORTS] == [False, *[True] * 4]


def test_the_highest_efforts() -> None:
    assert thinking_config("gemini-2.5-pro", "max")["thinkingBudget"] == 32_768
    assert thinking_config("gemini-2.5-flash", "xhigh")["thinkingBudget"] == 24_576
    assert thinking_config("gemini-3-pro", "xhigh")["thinkingLevel"] == "xhigh"
    assert thinking_config("gemini-3-pro", "max")["thinkingLevel"] == "high"


@pytest.mark.parametrize("effort", ["lots", {}, None, 7])
def test_an_effort_that_nobody_knows_is_refused(effort: Any) -> None:
    with pytest.raises(BadRequestError, match="reasoning_effort must be one of none, minimal"):
        thinking_config("gemini-2.5-pro", effort)


@pytest.mark.parametrize(
    ("model", "number"),
    [("gemini-2.0-flash", 2.0), ("models/gemini-1.5-pro-002", 1.5), ("gemini-3-pro", 3.0), ("gemma-3-4b-it", None)],
)
def test_a_generation_is_read_from_the_name(model: str, number: float | None) -> None:
    assert generation(model) == number
    assert thinks(model) == (number == 3.0)


def test_models_of_2_5_that_speak_or_draw_do_not_think() -> None:
    assert not thinks("gemini-2.5-flash-image")
    assert not thinks("gemini-2.5-pro-preview-tts")
    assert thinks("gemini-3-pro-image-preview")
    assert thinks("gemini-2.5-pro")
