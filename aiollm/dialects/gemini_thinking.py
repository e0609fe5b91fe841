"""How hard a Gemini model is to think: a budget of tokens before Gemini 3, a level since.

The budgets are LiteLLM's (measured), so that the same call costs the same. 2.5 Pro cannot stop thinking, and takes no
less than 128 tokens (https://ai.google.dev/gemini-api/docs/thinking).
"""

from __future__ import annotations

import re
from typing import Any

from aiollm.dialects.body import misplaced

__all__ = ["generation", "thinking_config", "thinks"]

_NAME = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_LATEST = re.compile(r"gemini-(?:pro|flash|flash-lite)-latest")
_SPEAKS_OR_DRAWS = re.compile(r"-image|-tts")  # of generation 2.5, these do not think
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_BUDGETS = {"low": 1024, "medium": 2048, "high": 4096}
_LEAST = {"flash": 1, "flash-lite": 512, "pro": 128}
_MOST = {"flash": 24_576, "flash-lite": 24_576, "pro": 32_768}


def generation(model: str) -> float | None:
    """Return the generation in a model's name (2.5, 3.0, ...), or None for a name without one."""
    if _LATEST.search(model):
        return 3.0
    match = _NAME.search(model)
    return float(f"{match[1]}.{match[2] or 0}") if match else None


def thinks(model: str) -> bool:
    """Whether a model thinks before it answers, as far as its name says."""
    number = generation(model) or 0
    return number >= 3 or (number >= 2.5 and not _SPEAKS_OR_DRAWS.search(model))


def thinking_config(model: str, word: Any) -> dict[str, Any]:
    """Return Gemini's configuration for an effort.

    Args:
        model: the model's name.
        word: the word of OpenAI's `reasoning_effort`.

    Raises:
        BadRequestError: nobody knows such an effort.
    """
    if word not in _EFFORTS:
        raise misplaced("reasoning_effort", f"must be one of {', '.join(_EFFORTS)}")
    kind = "flash-lite" if "flash-lite" in model else "pro" if "pro" in model else "flash"
    shows = word != "none"
    if (generation(model) or 0) < 3:
        return {"thinkingBudget": _budget(word, kind), "includeThoughts": shows}
    return {"thinkingLevel": _level(word, kind), "includeThoughts": shows}


def _budget(word: str, kind: str) -> int:
    if word == "none":
        return _LEAST[kind] if kind == "pro" else 0
    if word == "minimal":
        return _LEAST[kind]
    return _BUDGETS.get(word) or _MOST[kind]


def _level(word: str, kind: str) -> str:
    if word in ("none", "minimal"):
        return "low" if kind == "pro" else "minimal"
    return "high" if word == "max" else word
