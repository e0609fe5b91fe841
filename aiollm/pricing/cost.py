"""What one request cost: the counts of its usage, each at its own price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aiollm.pricing.rates import Circumstances, PriceList, Rates
from aiollm.types.lenient import whole_number
from aiollm.types.usage import CompletionTokensDetailsWrapper, PromptTokensDetailsWrapper, Usage

__all__ = ["Cost", "cost_of", "most_of", "reported_cost"]

# xAI's and OpenRouter's units: verified in LiteLLM 1.110.2 and in recorded replies.
_TICKS_PER_DOLLAR = 10_000_000_000
_REPORT_DOLLARS = frozenset({"openrouter", "perplexity"})


class Cost(msgspec.Struct, frozen=True):
    """USD.

    Attributes:
        prompt: what was sent, with what was read from and written to the cache.
        completion: what came back, with the thoughts.
        searches: the provider's own searches of the web, as far as the usage counts them.
    """

    prompt: float
    completion: float
    searches: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.prompt + self.completion + self.searches


def reported_cost(provider: str, usage: Usage) -> float | None:
    """Return what a provider itself says that a request cost, in USD; None where it says nothing.

    OpenRouter, Perplexity and xAI do. Others send a `cost` too, whose unit is not known.
    """
    if provider == "xai":
        ticks = usage.get("cost_in_usd_ticks")
        return ticks / _TICKS_PER_DOLLAR if isinstance(ticks, int) and ticks >= 0 else None
    if provider not in _REPORT_DOLLARS:
        return None
    cost = usage.cost
    if isinstance(cost, bool) or not isinstance(cost, int | float) or cost < 0:
        return None
    # OpenRouter's own share only, where the caller's key at the vendor was used.
    upstream = _member(usage.get("cost_details"), "upstream_inference_cost") if usage.get("is_byok") else None
    return float(cost) + (upstream if isinstance(upstream, int | float) else 0.0)


def cost_of(prices: PriceList, usage: Usage, circumstances: Circumstances, *, uplifted: bool = False) -> Cost | None:
    """Return what a request cost by the table; None where the model has no price by the token.

    Args:
        prices: the model's.
        usage: the counts, in OpenAI's terms: the prompt includes what was cached, the completion the thoughts.
        circumstances: what else the price hangs on.
        uplifted: whether it ran in a region that costs more, where the prices say so.
    """
    rates = prices.rates(circumstances)
    if rates is None:
        return None
    factor = prices.uplift if uplifted else 1.0
    if prices.factors:
        factor *= _factor(prices.factors, usage)
    searches = _searches(usage) * rates.search if rates.search else 0.0
    return Cost(_prompt_cost(rates, usage) * factor, _completion_cost(rates, usage) * factor, searches)


def most_of(
    prices: PriceList, completion_tokens: int, circumstances: Circumstances, *, uplifted: bool = False
) -> float | None:
    """Return what a request may cost at the most, in USD; None where the model has no price by the token.

    The whole prompt may be written to a cache, and the whole answer may be thoughts.

    Args:
        prices: the model's.
        completion_tokens: how long the answer may become.
        circumstances: how long the prompt is, and what else the price hangs on.
        uplifted: whether it runs in a region that costs more, where the prices say so.
    """
    rates = prices.rates(circumstances)
    if rates is None:
        return None
    most = circumstances.prompt_tokens * rates.prompt_at_most + completion_tokens * rates.completion_at_most
    return most * prices.uplift if uplifted else most


def _prompt_cost(rates: Rates, usage: Usage) -> float:
    details = usage.prompt_tokens_details
    if details is None or _is_plain_prompt(details):
        return usage.prompt_tokens * rates.prompt
    read = _count(details, "cached_tokens")
    read_audio = min(_count(details, "cached_tokens_details", "audio_tokens"), read)
    written = _count(details, "cache_write_tokens") or _count(details, "cache_creation_tokens")
    fresh = max(usage.prompt_tokens - read - written, 0)
    # Audio and images may have come from the cache: no more of them is fresh than there is that is fresh.
    audio = min(max(_count(details, "audio_tokens") - read_audio, 0), fresh)
    image = min(_count(details, "image_tokens"), fresh - audio)
    return (
        (fresh - audio - image) * rates.prompt
        + audio * rates.prompt_audio
        + image * rates.prompt_image
        + (read - read_audio) * rates.cache_read
        + read_audio * rates.cache_read_audio
        + _write_cost(rates, written, _member(details, "cache_creation_token_details"))
    )


def _is_plain_prompt(details: Any) -> bool:
    """Whether no token of a prompt has a price of its own, as of most."""
    return type(details) is PromptTokensDetailsWrapper and not (
        details.cached_tokens
        or details.cache_write_tokens
        or details.cache_creation_tokens
        or details.audio_tokens
        or details.image_tokens
    )


def _write_cost(rates: Rates, written: int, terms: Any) -> float:
    """Return what writing to the cache cost: tokens that stay for longer cost more."""
    lasting = rates.cache_write_lasting.items()
    parts = ((_count(terms, f"ephemeral_{term}_input_tokens"), rate) for term, rate in lasting)
    return _parted(written, rates.cache_write, *parts)


def _completion_cost(rates: Rates, usage: Usage) -> float:
    details = usage.completion_tokens_details
    if details is None or _is_plain_completion(details):
        return usage.completion_tokens * rates.completion
    return _parted(
        usage.completion_tokens,
        rates.completion,
        (_count(details, "reasoning_tokens"), rates.reasoning),
        (_count(details, "audio_tokens"), rates.completion_audio),
        (_count(details, "image_tokens"), rates.completion_image),
    )


def _is_plain_completion(details: Any) -> bool:
    return type(details) is CompletionTokensDetailsWrapper and not (
        details.reasoning_tokens or details.audio_tokens or details.image_tokens
    )


def _parted(tokens: int, rate: float, *parts: tuple[int, float]) -> float:
    """Return what tokens cost of which parts have prices of their own: pairs of a count and a price."""
    cost = 0.0
    for count, own_rate in parts:
        part = min(count, tokens)
        cost, tokens = cost + part * own_rate, tokens - part
    return cost + tokens * rate


def _count(details: Any, *path: str) -> int:
    return whole_number(_member(details, *path))


def _member(details: Any, *path: str) -> Any:
    for name in path:
        details = details.get(name) if hasattr(details, "get") else None
    return details


def _factor(factors: Mapping[str, float], usage: Usage) -> float:
    """Return what Anthropic multiplies all prices with: for a place of inference, and for its fast mode."""
    place = factors.get(str(usage.get("inference_geo", "")).lower(), 1.0)
    return place * (factors.get("fast", 1.0) if usage.get("speed") == "fast" else 1.0)


def _searches(usage: Usage) -> int:
    used = usage.get("server_tool_use")
    return 0 if used is None else _count(used, "web_search_requests")
