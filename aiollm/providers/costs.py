"""What calls cost, under LiteLLM's names and in its shapes. A price that is not known is an error, never a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

import msgspec

from aiollm.exceptions import BadRequestError
from aiollm.pricing.cost import Cost, reported_cost
from aiollm.pricing.entry import Entry
from aiollm.pricing.names import provider_of
from aiollm.providers.known_models import entry_named
from aiollm.providers.prices import cost_at, entry_of, instant, usage_in_terms_of_chat
from aiollm.providers.registry import find_provider
from aiollm.providers.tokens import token_counter
from aiollm.types.usage import PromptTokensDetailsWrapper, Usage

__all__ = ["CostPerToken", "completion_cost", "cost_per_token"]


class CostPerToken(TypedDict, total=False):
    """USD a token, over the table's. Without prices of the cache its tokens cost what the prompt's others do."""

    input_cost_per_token: float
    output_cost_per_token: float
    cache_read_input_token_cost: float
    cache_creation_input_token_cost: float


class _Served(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer says of where it came from; None where it does not."""

    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    service_tier: str | None = None
    at: datetime | None = None


def completion_cost(
    completion_response: Any = None,
    model: str | None = None,
    prompt: str = "",
    messages: Sequence[Mapping[str, Any]] = (),
    completion: str = "",
    total_time: float | None = 0.0,
    *,
    custom_llm_provider: str | None = None,
    region_name: str | None = None,
    base_model: str | None = None,
    custom_cost_per_token: CostPerToken | None = None,
    custom_cost_per_second: float | None = None,
    service_tier: str | None = None,
) -> float:
    """Return what a call cost, in USD.

    Prices given here go first, then what the provider itself says (OpenRouter, Perplexity, xAI), then the table:
    with what is cached, written to a cache, thought, heard and spoken at its own price, long prompts and service tiers
    at theirs, and the provider's own searches where the usage counts them. Fees for other tools are not in it.

    Args:
        completion_response: a `ModelResponse`, `EmbeddingResponse` or `ResponsesAPIResponse`, or a dict of such shape.
        model: "provider/model", over what the response says.
        prompt, messages, completion: what was sent and what came, where there is no response, or none with a usage:
            their tokens are counted here, or estimated (`token_counter`).
        total_time: milliseconds that the call took, for `custom_cost_per_second`.
        custom_llm_provider: the provider, over what `model` says.
        region_name: where it ran, for the clouds whose prices differ by it.
        base_model: the model behind a deployment, over all other names, as in "azure/gpt-4o".
        custom_cost_per_token: prices over the table's.
        custom_cost_per_second: the price of a second, where the server is paid by time.
        service_tier: the tier that served it, over what the response says.

    Raises:
        BadRequestError: the price is not known, or there is nothing to count.
    """
    if custom_cost_per_second is not None:
        return custom_cost_per_second * (total_time or 0.0) / 1000
    served = _served(completion_response)
    usage = served.usage or _counted(model or served.model or "", prompt, messages, completion)
    provider, name = _named(base_model or model, custom_llm_provider, served)
    own = None if custom_cost_per_token else reported_cost(provider, usage)
    if own is not None:
        return own
    entry = _entry(custom_cost_per_token) or entry_of(
        provider, name, served=None if base_model else served.model, region=region_name
    )
    tier = service_tier or served.service_tier or usage.get("service_tier")
    return _cost(entry, usage, provider, name, region=region_name, service_tier=tier, at=served.at).total


def cost_per_token(
    model: str = "",
    prompt_tokens: int = 0,
    completion_tokens: int = 0,
    response_time_ms: float | None = 0.0,
    *,
    custom_llm_provider: str | None = None,
    region_name: str | None = None,
    cache_creation_input_tokens: int = 0,
    cache_read_input_tokens: int = 0,
    custom_cost_per_token: CostPerToken | None = None,
    custom_cost_per_second: float | None = None,
    usage_object: Usage | None = None,
    service_tier: str | None = None,
) -> tuple[float, float]:
    """Return what the prompt and what the answer of a call cost, in USD.

    Args:
        model: "provider/model", or a bare name.
        prompt_tokens: all of the prompt, with what was cached.
        completion_tokens: all of the answer, with the thoughts.
        response_time_ms: milliseconds that the call took, for `custom_cost_per_second`.
        cache_creation_input_tokens, cache_read_input_tokens: how much of the prompt was written to and read from a
            cache.
        usage_object: a usage, over all counts.
        service_tier: the tier that served it.

    The other arguments are those of `completion_cost`.

    Raises:
        BadRequestError: the price is not known.
    """
    if custom_cost_per_second is not None:
        return 0.0, custom_cost_per_second * (response_time_ms or 0.0) / 1000
    usage = usage_object or Usage(
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        prompt_tokens_details=PromptTokensDetailsWrapper(
            cached_tokens=cache_read_input_tokens, cache_creation_tokens=cache_creation_input_tokens
        ),
    )
    provider, name = _named(model, custom_llm_provider, _Served())
    entry = _entry(custom_cost_per_token) or entry_of(provider, name, region=region_name)
    tier = service_tier or usage.get("service_tier")
    cost = _cost(entry, usage, provider, name, region=region_name, service_tier=tier)
    return cost.prompt, cost.completion


def _entry(prices: CostPerToken | None) -> Entry | None:
    return {"mode": "chat", **prices} if prices else None


def _cost(entry: Entry | None, usage: Usage, provider: str, model: str, **circumstances: Any) -> Cost:
    cost = None if entry is None else cost_at(provider, entry, usage, **circumstances)
    if cost is None:
        raise BadRequestError(
            f"the price of {model!r} at {provider} is not known: say it with register_model or custom_cost_per_token=, "
            "or get a newer table with `aiollm models --refresh`",
            model=model,
            llm_provider=provider,
            param="model",
        )
    return cost


def _named(model: str | None, custom_llm_provider: str | None, served: _Served) -> tuple[str, str]:
    """Return the provider, and the name of its model as it is sent there, or as the table has it."""
    provider = custom_llm_provider or (None if model else served.provider)
    name = model or served.model
    if not name:
        raise BadRequestError("there is no model in the response: pass model=", param="model")
    exact = entry_named(name) if provider is None else None
    if exact is not None and "litellm_provider" in exact:
        return provider_of(exact), name
    row, place = find_provider(name, provider)
    return row.name, place.model


def _served(response: Any) -> _Served:
    """Read what a response says of itself, be it an object or a dict."""
    if response is None:
        return _Served()
    read = response.get if hasattr(response, "get") else None
    if read is None:
        raise BadRequestError(
            f"completion_response must be a response or a dict, not a {type(response).__name__}",
            param="completion_response",
        )
    created = read("created") or read("created_at")
    hidden: Mapping[str, Any] = getattr(response, "_hidden_params", None) or {}
    return _Served(
        model=read("model"),
        provider=hidden.get("custom_llm_provider"),
        usage=usage_in_terms_of_chat(read("usage")),
        service_tier=read("service_tier"),
        at=instant(created) if isinstance(created, int | float) else None,
    )


def _counted(model: str, prompt: str, messages: Sequence[Mapping[str, Any]], completion: str) -> Usage:
    """Return a usage with the tokens of texts."""
    if not (prompt or messages or completion):
        raise BadRequestError(
            "there is no usage to price: pass a response with one, or model=, messages= (or prompt=) and completion=",
            param="completion_response",
        )
    sent = token_counter(model, messages=messages) if messages else token_counter(model, text=prompt)
    return Usage(prompt_tokens=int(sent), completion_tokens=int(token_counter(model, text=completion)))
