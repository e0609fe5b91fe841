"""What a wrong name may stand for."""

from __future__ import annotations

from aiollm.types.nearest import nearest


def test_the_likeliest_come_first() -> None:
    assert nearest("mistal", ["openai", "mistral", "misty"]) == ["mistral", "misty"]


def test_there_are_no_more_than_asked_for_and_none_below_the_cutoff() -> None:
    assert nearest("mistal", ["mistral", "misty"], n=1) == ["mistral"]
    assert nearest("mistal", ["mistral", "misty"], cutoff=0.99) == []
