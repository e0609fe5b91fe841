"""The dialects and the formats of embeddings by name, each loaded when it is first asked for: few are in a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pkgutil import resolve_name
from typing import Any

from aiollm.dialects.base import Dialect, Embedder

__all__ = ["EMBEDDERS", "NAMES", "dialect_of", "embedder_of"]

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

_EMBEDDER_MAKERS: Mapping[str, str] = {
    "cohere": "embedding_cohere:CohereEmbedder",
    "cohere_bedrock": "embedding_cohere:on_bedrock",
    "gemini": "embedding_gemini:GeminiEmbedder",
    "gemini_vertex": "embedding_gemini:on_vertex",
    "huggingface": "embedding_huggingface:HuggingFaceEmbedder",
    "mistral": "embedding_openai:at_mistral",
    "ollama": "embedding_ollama:OllamaEmbedder",
    "openai": "embedding_openai:OpenAIEmbedder",
    "titan": "embedding_titan:TitanEmbedder",
    "vertex": "embedding_vertex:VertexEmbedder",
}
"""The same, of the formats of embeddings."""

NAMES = frozenset(_MAKERS)
EMBEDDERS = frozenset(_EMBEDDER_MAKERS)


@cache
def dialect_of(name: str) -> Dialect:
    """Return the dialect of this name, one of `NAMES`."""
    dialect: Dialect = _made(_MAKERS[name])
    return dialect


@cache
def embedder_of(name: str) -> Embedder:
    """Return the format of embeddings of this name, one of `EMBEDDERS`."""
    embedder: Embedder = _made(_EMBEDDER_MAKERS[name])
    return embedder


def _made(maker: str) -> Any:
    make: Callable[[], Any] = resolve_name(f"aiollm.dialects.{maker}")
    return make()
