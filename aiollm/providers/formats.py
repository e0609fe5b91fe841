"""Providers that are reached by a format of their own: known by name, so that nobody takes them for a misspelling."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["OWN_FORMATS"]

OWN_FORMATS: Mapping[str, str | None] = {
    "azure": "https://<resource>.openai.azure.com/openai/v1",
}
"""LiteLLM's name -> an address of the provider that speaks OpenAI's format, where its manual names one (assumed)."""
