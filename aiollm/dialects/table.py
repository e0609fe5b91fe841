"""The dialects by name, each loaded when it is first asked for: a process speaks one or two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pkgutil import resolve_name

from aiollm.dialects.base import Dialect

__all__ = ["NAMES", "dialect_of"]

_MAKERS: Mapping[str, str] = {
    "anthropic": "anthropic:Anthropic",
    "anthropic_foundry": "anthropic:on_foundry",
    "anthropic_vertex": "anthropic:on_vertex",
    "cohere": "cohere:Cohere",
    "converse": "converse:Converse",
    "gemini": "gemini:Gemini",
    "invoke_claude": "invoke_models:claude",
    "invoke_llama": "invoke_models:llama",
    "invoke_mistral": "invoke_models:mistral",
    "invoke_nova": "invoke_models:nova",
    "invoke_openai": "invoke_models:openai",
    "ollama": "ollama:Ollama",
    "openai": "openai:OpenAI",
    "responses": "responses:Responses",
    "sagemaker": "invoke_models:on_sagemaker",
}
"""What makes each: a class, or a function for one that is a variant."""

NAMES = frozenset(_MAKERS)


@cache
def dialect_of(name: str) -> Dialect:
    """Return the dialect of this name, one of `NAMES`."""
    make: Callable[[], Dialect] = resolve_name(f"aiollm.dialects.{_MAKERS[name]}")
    return make()
