"""The dialects by name."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.dialects.anthropic import Anthropic
from aiollm.dialects.base import Dialect
from aiollm.dialects.cohere import Cohere
from aiollm.dialects.ollama import Ollama
from aiollm.dialects.openai import OpenAI

__all__ = ["DIALECTS"]

DIALECTS: Mapping[str, Dialect] = {
    "anthropic": Anthropic(),
    "anthropic_foundry": Anthropic(schemas=False),  # a preview there; by a tool it works everywhere
    "cohere": Cohere(),
    "ollama": Ollama(),
    "openai": OpenAI(),
}
