"""The dialects by name."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.dialects.base import Dialect
from aiollm.dialects.gemini import Gemini
from aiollm.dialects.openai import OpenAI

__all__ = ["DIALECTS"]

DIALECTS: Mapping[str, Dialect] = {"gemini": Gemini(), "openai": OpenAI()}
