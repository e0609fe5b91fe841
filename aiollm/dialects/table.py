"""The dialects by name."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.dialects.anthropic import Anthropic
from aiollm.dialects.base import Dialect
from aiollm.dialects.gemini import Gemini
from aiollm.dialects.ollama import Ollama
from aiollm.dialects.openai import OpenAI
from aiollm.dialects.responses import Responses

__all__ = ["DIALECTS"]

DIALECTS: Mapping[str, Dialect] = {
    "anthropic": Anthropic(),
    "anthropic_foundry": Anthropic(schemas=False),  # a preview there; by a tool it works everywhere
    # The model stands in the path (the official client's lib/vertex); LiteLLM sends no schemas there.
    "anthropic_vertex": Anthropic(
        body={"anthropic_version": "vertex-2023-10-16"}, left_out=frozenset({"model"}), schemas=False
    ),
    "gemini": Gemini(),
    "ollama": Ollama(),
    "openai": OpenAI(),
    "responses": Responses(),
}
