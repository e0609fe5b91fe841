"""Providers that are reached by a format of their own: known by name, so that nobody takes them for a misspelling."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["OWN_FORMATS"]

OWN_FORMATS: Mapping[str, str | None] = {
    "bytez": None,
    "chatgpt": None,
    "cohere": "https://api.cohere.ai/compatibility/v1",
    "cohere_chat": "https://api.cohere.ai/compatibility/v1",
    "databricks": "https://<workspace>/serving-endpoints",
    "gdc": None,
    "huggingface": "https://router.huggingface.co/v1",
    "mistral": "https://api.mistral.ai/v1",
    "nlp_cloud": None,
    "oci": None,
    "predibase": None,
    "replicate": None,
    "sap": None,
    "watsonx": None,
    "watsonx_text": None,
}
"""LiteLLM's name -> an address of the provider that speaks OpenAI's format, where its manual names one (assumed)."""
