"""The wire formats of embeddings by name."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.dialects.base import Embedder
from aiollm.dialects.embedding_cohere import CohereEmbedder
from aiollm.dialects.embedding_gemini import GeminiEmbedder
from aiollm.dialects.embedding_huggingface import HuggingFaceEmbedder
from aiollm.dialects.embedding_ollama import OllamaEmbedder
from aiollm.dialects.embedding_openai import OpenAIEmbedder
from aiollm.dialects.embedding_titan import TitanEmbedder
from aiollm.dialects.embedding_vertex import VertexEmbedder

__all__ = ["EMBEDDERS"]

EMBEDDERS: Mapping[str, Embedder] = {
    "cohere": CohereEmbedder(),
    "cohere_bedrock": CohereEmbedder(on_bedrock=True),
    "gemini": GeminiEmbedder(),
    "gemini_vertex": GeminiEmbedder(cloud=True),
    "huggingface": HuggingFaceEmbedder(),
    # Verified in Mistral's Python client (3.7).
    "mistral": OpenAIEmbedder(renames={"dimensions": "output_dimension"}, not_taken=frozenset({"user"})),
    "ollama": OllamaEmbedder(),
    "openai": OpenAIEmbedder(),
    "titan": TitanEmbedder(),
    "vertex": VertexEmbedder(),
}
