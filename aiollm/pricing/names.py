"""Under which names the table may have a provider's model: LiteLLM's habits, a provider at a time.

Only names that mean this very model are tried: a wrong price would be worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from aiollm.pricing.entry import Entry

__all__ = ["belongs", "names_of", "provider_of"]

# Our provider -> what the table calls it, where that is not its own name alone: verified in that of LiteLLM 1.110.2.
_TABLE_PROVIDERS: Mapping[str, tuple[str, ...]] = {
    "ai21_chat": ("ai21",),
    "azure": ("azure", "azure_text"),
    "bedrock": ("bedrock", "bedrock_converse"),
    "cohere": ("cohere", "cohere_chat"),
    "cohere_chat": ("cohere", "cohere_chat"),
    "fireworks_ai": ("fireworks_ai", "fireworks_ai-embedding-models"),
    "ollama_chat": ("ollama",),
    "openai": ("openai", "text-completion-openai"),
}
# Our provider -> the prefixes of its names in the table, where that is not its own name alone.
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "ai21_chat": ("ai21",),
    "amazon_nova": ("amazon-nova",),
    "cohere": ("cohere", "cohere_chat"),
    "cohere_chat": ("cohere", "cohere_chat"),
    "ollama_chat": ("ollama",),
}
_GEOGRAPHY = re.compile(r"(us|eu|apac|jp|au|ca|global|us-gov)\.")
_FOUNDATION_ARN = re.compile(r"arn:[\w-]+:bedrock:([\w-]*):\d*:(?:foundation-model|inference-profile)/(.+)")
_TUNED = re.compile(r"(ft:[^:]+):.*")
_SAME_VERSION = ("@default", "@latest")


def names_of(provider: str, model: str, region: str | None = None) -> Iterator[str]:
    """Yield the names that the table may have for a model, the most exact first.

    Args:
        provider: the provider's name in our catalogue.
        model: the model's name as sent upstream.
        region: where it runs, for the clouds whose prices differ by it.
    """
    for name in _own_names(provider, model):
        if region:
            yield f"{provider}/{region}/{name}"
        for prefix in _PREFIXES.get(provider, (provider,)):
            yield f"{prefix}/{name}"
        yield name


def belongs(entry: Entry, provider: str) -> bool:
    """Whether an entry is one of a provider's models; one that names no provider is anybody's."""
    owner = entry.get("litellm_provider")
    if owner is None or owner in _TABLE_PROVIDERS.get(provider, (provider,)):
        return True
    return provider == "vertex_ai" and str(owner).startswith("vertex_ai-")


def provider_of(entry: Entry) -> str:
    """Return our name of the provider that an entry names."""
    owner = str(entry["litellm_provider"])
    if owner.startswith("vertex_ai-"):
        return "vertex_ai"
    return next((ours for ours, owners in _TABLE_PROVIDERS.items() if owner in owners and ours == owners[0]), owner)


def _own_names(provider: str, model: str) -> Iterator[str]:
    """Yield a model's name, and what else means the same model at the same price."""
    found = _FOUNDATION_ARN.fullmatch(model) if provider == "bedrock" else None
    if found is not None:
        model = found.group(2)
    yield model
    if provider == "bedrock" and _GEOGRAPHY.match(model) and "anthropic." not in model:
        # Where a profile over several regions costs more, as Claude's do, the table has it under its own name.
        yield model.partition(".")[2]
    elif provider == "openai" and (tuned := _TUNED.fullmatch(model)):
        yield tuned.group(1)  # a tuned model costs what its base costs once tuned
    elif provider == "fireworks_ai":
        yield model.removeprefix("accounts/fireworks/models/")
    elif provider == "gemini":
        yield model.removeprefix("models/")
    elif provider == "vertex_ai":
        bare, mark, version = model.partition("@")
        if mark and f"@{version}" in _SAME_VERSION:
            yield bare
        elif not mark:
            yield from (f"{model}{latest}" for latest in _SAME_VERSION)
