"""What a caller may say, and what only the operator may: where a call goes, with whose key, and by what way.

Whatever is not known goes into the body of the upstream request, and nowhere else: no name that this library may take
for an option of its own, today or in a later version, is ever set by a caller. Advisories of other gateways that this
answers: CVE-2024-6587, PYSEC-2026-4070 (destinations from the body), CVE-2024-2952 (templates from the body).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.providers.identity import IDENTITY_OPTIONS
from aiollm.proxy.inbound.body import refused
from aiollm.types.shape import JSON

__all__ = ["PROVIDER_PARAMETERS", "arguments_of", "notes_of", "seconds_of"]

PROVIDER_PARAMETERS = frozenset(
    {
        "cached_content",
        "input_type",
        "keep_alive",
        "min_p",
        "num_ctx",
        "repetition_penalty",
        "safety_settings",
        "task_type",
        "thinking",
        "top_k",
    }
)
"""Parameters of no standard that our dialects put into their own form; they mean nothing but what they are sent as."""

_FORBIDDEN = IDENTITY_OPTIONS | {
    "api_base",
    "api_key",
    "api_version",
    "azure_ad_token",
    "azure_ad_token_provider",
    "base_url",
    "callbacks",
    "client",
    "custom_llm_provider",
    "default_headers",
    "deployment_id",
    "extra_body",
    "extra_headers",
    "extra_query",
    "failure_callback",
    "headers",
    "http_client",
    "input_callback",
    "litellm_credential_name",
    "litellm_params",
    "mock_response",
    "model_info",
    "model_list",
    "models",  # of OpenRouter: others than the one that the caller's key was looked at for
    "organization",
    "proxies",
    "proxy",
    "route",
    "router_settings",
    "success_callback",
    "user_config",
}
_FORBIDDEN_BEGINNINGS = ("aws_", "azure_", "gcs_", "s3_", "vertex_", "watsonx_")

# LiteLLM's ways to steer its proxy from the body: here they belong to the key, or to the configuration.
_WITHOUT_EFFECT = frozenset(
    {
        "additional_drop_params",
        "allowed_openai_params",
        "cache",
        "caching",
        "cooldown_time",
        "context_window_fallbacks",
        "drop_params",
        "fallbacks",
        "guardrails",
        "max_retries",
        "metadata",
        "mock_timeout",
        "no-log",
        "num_retries",
        "priority",
        "request_timeout",
        "stream_timeout",
        "tags",
        "timeout",
        "ttl",
    }
)


def arguments_of(body: Mapping[str, Any], known: frozenset[str], handled: frozenset[str]) -> dict[str, Any]:
    """Return the keyword arguments that a body gives.

    Args:
        body: the request.
        known: the names that are arguments as they are.
        handled: the names that the format itself looks at.

    Raises:
        BadRequestError: it says what only the operator may.
    """
    arguments: dict[str, Any] = {}
    further: dict[str, Any] = {}
    for name, value in body.items():
        if value is None or name in handled:
            continue
        if name in known or name in PROVIDER_PARAMETERS:
            arguments[name] = value
        elif name in _FORBIDDEN or name.startswith(_FORBIDDEN_BEGINNINGS):
            raise refused(name, "may not be set by a caller: it is the operator's to say", "parameter_not_allowed")
        elif name not in _WITHOUT_EFFECT and not name.startswith("litellm_"):
            further[name] = value
    if further:
        arguments["extra_body"] = further
    return arguments


def notes_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the caller's own notes.

    Raises:
        BadRequestError: they are no object.
    """
    notes: JSON = body.get("metadata")
    if notes is not None and not isinstance(notes, dict):
        raise refused("metadata", "must be an object")
    return notes or {}


def seconds_of(body: Mapping[str, Any]) -> float | None:
    """Return how long the caller wants to wait, in seconds; None where it does not say.

    Raises:
        BadRequestError: it is no number above 0.
    """
    given = body.get("timeout")
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < float("inf"):
        raise refused("timeout", "must be a number of seconds above 0")
    return float(given)
