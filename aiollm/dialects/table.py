"""The dialects by name."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.dialects.base import Dialect
from aiollm.dialects.cohere import Cohere
from aiollm.dialects.ollama import Ollama
from aiollm.dialects.openai import OpenAI

__all__ = ["DIALECTS"]

DIALECTS: Mapping[str, Dialect] = {
    "cohere": Cohere(),
    "ollama": Ollama(),
    "openai": OpenAI(),
}
