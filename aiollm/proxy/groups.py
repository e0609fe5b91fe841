"""What all deployments of a model group have in common: how much of a client's own format they understand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiollm.async_router import AsyncRouter
from aiollm.exceptions import APIError
from aiollm.providers.provider import Provider
from aiollm.providers.registry import find_provider

__all__ = ["has_responses", "speaks_anthropic"]

_CLAUDE = ("anthropic", "anthropic_foundry", "anthropic_vertex", "invoke_claude")


def speaks_anthropic(router: AsyncRouter, model: str) -> bool:
    """Whether every deployment of a group speaks Anthropic's format, or one made of it."""
    return _all(router, model, lambda row, params: row.dialect in _CLAUDE)


def has_responses(router: AsyncRouter, model: str) -> bool:
    """Whether every deployment of a group is known to have the Responses API.

    OpenAI and Azure have it; of other servers that speak OpenAI's format only those that are addressed by it
    (`openai/responses/<model>`).
    """
    return _all(router, model, _has_responses)


def _has_responses(row: Provider, params: dict[str, Any]) -> bool:
    if row.dialect == "responses" or row.name == "azure":
        return True
    return row.name == "openai" and not (params.get("api_base") or params.get("base_url"))


def _all(router: AsyncRouter, model: str, holds: Callable[[Provider, dict[str, Any]], bool]) -> bool:
    entries = router.get_model_list(model)
    return bool(entries) and all(_holds(entry["litellm_params"], holds) for entry in entries)


def _holds(params: dict[str, Any], holds: Callable[[Provider, dict[str, Any]], bool]) -> bool:
    try:
        provider, _ = find_provider(params["model"], params.get("custom_llm_provider"))
    except APIError:  # of a pattern, or of a provider that is not known: it fails when it is called
        return False
    return holds(provider, params)
