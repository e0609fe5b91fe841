"""Addresses that are more than a base URL with a path behind it: pure functions, named by the catalogue's rows.

Sources: LiteLLM 1.109.1 (measured), the official client's `AzureOpenAI`, and the addresses of recorded requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

__all__ = ["OPENAI_PATHS", "URL_RULES", "UrlRule", "beside_chat"]

UrlRule = Callable[[str, str, str, str | None], str]
"""From a base URL without a query, a model, the path of the API ("/chat/completions") and its version to an address."""

_UNDATED = frozenset({"v1", "preview", "latest"})
_AZURE_VERSION = "2025-02-01-preview"
_FOUNDRY_VERSION = "2024-05-01-preview"
OPENAI_PATHS = ("/chat/completions", "/responses", "/embeddings")
"""How the paths of OpenAI's APIs end."""
_V1 = "/openai/v1"


def azure_openai(base_url: str, model: str, path: str, api_version: str | None) -> str:
    """Azure OpenAI: a path for each deployment under a dated version, one path for all under the undated "v1".

    The base may be the resource alone, or hold any part of the path; a deployment in it wins over the model.
    """
    base = _without_path(base_url)
    if _V1 in urlsplit(base).path or api_version in _UNDATED:
        return _root(base) + _V1 + path
    _, deployments, deployment = base.partition("/openai/deployments/")
    # Only the older APIs have a path for each deployment; the others read the model in the body.
    if path == "/responses":
        place = path
    else:
        place = f"/deployments/{deployment if deployments else quote(model, safe='')}{path}"
    return f"{_root(base)}/openai{place}?api-version={api_version or _AZURE_VERSION}"


def azure_foundry(base_url: str, model: str, path: str, api_version: str | None) -> str:
    """Azure AI Foundry: a resource has all its models under one path; a serverless deployment is one model."""
    base = _without_path(base_url)
    parts = urlsplit(base)
    host = parts.hostname or ""
    if "/openai" in parts.path or host.endswith(".openai.azure.com"):
        return azure_openai(base_url, model, path, api_version)
    if host.endswith(".services.ai.azure.com"):
        if path == "/responses":
            return base + _V1 + path
        return f"{base.removesuffix('/models')}/models{path}?api-version={api_version or _FOUNDRY_VERSION}"
    return f"{base}{path}?api-version={api_version}" if api_version else base + path


URL_RULES: Mapping[str, UrlRule] = {rule.__name__: rule for rule in (azure_foundry, azure_openai)}
"""The rules that rows may name."""


def beside_chat(path: str, api: str) -> str:
    """Return the path of another of OpenAI's APIs ("/embeddings"), beside that of the chat."""
    lead, _, _ = path.rpartition(OPENAI_PATHS[0])
    return lead + api


def _without_path(base_url: str) -> str:
    """Return a base URL without the path of an API at its end."""
    base = base_url.rstrip("/")
    for path in OPENAI_PATHS:
        base = base.removesuffix(path)
    return base


def _root(base_url: str) -> str:
    """Return what stands before `/openai`."""
    return base_url.partition("/openai/")[0].removesuffix("/openai")
