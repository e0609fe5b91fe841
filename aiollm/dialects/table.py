"""The dialects by name."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.dialects.base import Dialect
from aiollm.dialects.openai import OpenAI
from aiollm.dialects.responses import Responses

__all__ = ["DIALECTS"]

DIALECTS: Mapping[str, Dialect] = {"openai": OpenAI(), "responses": Responses()}
