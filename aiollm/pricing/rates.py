"""What a token of each kind costs in one request: an entry of the table, narrowed down to the request's circumstances.

Facts: how the members of LiteLLM's table are meant, verified in the source of LiteLLM 1.110.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from aiollm.pricing.entry import Entry
from aiollm.types.shape import JSON

__all__ = ["Circumstances", "PriceList", "Rates", "price_list"]

_TIERS: Mapping[str, str] = {
    "balanced": "_balanced",
    "fast": "_priority",
    "flex": "_flex",
    "priority": "_priority",
    "ultrafast": "_ultrafast",
}
"""A service tier -> the end of its prices' names. Any other is the standard one."""

_REACHED_AT = frozenset({"xai"})  # where a price for long prompts holds from the threshold on, and not only above it
_THRESHOLD = re.compile(r"_above_(\d+)k_tokens")
_TIER_ENDS = tuple(_TIERS.values())
_OUTPUT, _REASONING = "output_cost_per_token", "output_cost_per_reasoning_token"


class Circumstances(msgspec.Struct, frozen=True):
    """What the price of a request hangs on, besides the model.

    Attributes:
        prompt_tokens: how long the whole prompt was: long ones may cost more a token.
        service_tier: the tier that served it, as the provider names it.
        at: when it was served, where that is known: some models are cheaper at night.
    """

    prompt_tokens: int = 0
    service_tier: str | None = None
    at: datetime | None = None


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """USD for a token of each kind, and at the most for one whose kind is not known yet."""

    prompt: float
    completion: float
    reasoning: float
    cache_read: float
    cache_read_audio: float
    cache_write: float
    cache_write_lasting: Mapping[str, float]
    """How long a token stays in the cache, as usages say it -> the price of writing it, where it is another."""
    prompt_audio: float
    prompt_image: float
    completion_audio: float
    completion_image: float
    search: float
    """USD for a search of the web by the provider; 0 where that is not known."""
    prompt_at_most: float
    completion_at_most: float


def price_list(entry: Entry) -> PriceList:
    """Return the prices of an entry, which is never changed.

    They are kept: nearly all requests are of a few models, under the same rates.
    """
    kept = _kept(id(entry))
    if not kept:
        kept.append(PriceList(entry))
    return kept[0]


@lru_cache(maxsize=1024)
def _kept(number: int) -> list[PriceList]:
    """Return the place for the prices of an entry, by its number, which is no other's while they hold the entry."""
    return []


class PriceList:
    """The prices of an entry, each worked out once: by the tier, and by which of its thresholds the prompt reaches.

    Attributes:
        hangs_on_tier: whether tokens may cost something else in another service tier than the standard one.
        hangs_on_time: whether tokens may cost less at quiet hours.
        uplift: what all prices are multiplied with in a region that costs more.
        factors: what else they are multiplied with, by what the usage tells of how it was served; empty for most.
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self.hangs_on_time: bool = "off_peak_pricing" in entry
        self._hangs_on_more = self.hangs_on_time or "tiered_pricing" in entry
        self.hangs_on_tier: bool = any(name.endswith(_TIER_ENDS) for name in entry)
        self.uplift: float = entry.get("regional_endpoint_uplift_multiplier", 1.0)
        self.factors: Mapping[str, float] = entry.get("provider_specific_entry") or {}
        reached = entry.get("litellm_provider") in _REACHED_AT
        crossed = {int(found[1]) for name in entry if (found := _THRESHOLD.search(name))}
        self._limits = [thousands * 1000 + (not reached) for thousands in crossed]
        self._known: dict[tuple[int, str], Rates | None] = {}

    def rates(self, circumstances: Circumstances) -> Rates | None:
        """Return what tokens cost; None where the entry has no price by the token."""
        tokens, tier = circumstances.prompt_tokens, circumstances.service_tier
        if self._hangs_on_more:
            return _rates(self._entry, circumstances)
        longest = max((limit for limit in self._limits if tokens >= limit), default=0) if self._limits else 0
        key = longest, _tier_end(tier) if tier else ""
        try:
            return self._known[key]
        except KeyError:
            rates = self._known[key] = _rates(self._entry, Circumstances(prompt_tokens=longest, service_tier=tier))
            return rates


def _tier_end(tier: str | None) -> str:
    """Return how the names of a tier's prices end."""
    return _TIERS.get((tier or "").lower(), "")


def _rates(entry: Entry, circumstances: Circumstances) -> Rates | None:
    price = _Prices(entry, circumstances)
    prompt = price("input_cost_per_token", None)
    completion = price(_OUTPUT, 0.0 if entry.get("mode") == "embedding" else None)
    if prompt is None or completion is None:
        return None
    read = price("cache_read_input_token_cost", prompt)
    written = price("cache_creation_input_token_cost", prompt)
    reasoning = price(_REASONING, completion) if _thinks_at_a_price_of_its_own(entry) else completion
    lasting = {term: price(f"cache_creation_input_token_cost_above_{term}r", written) for term in ("1h", "12h")}
    return Rates(
        prompt=prompt,
        completion=completion,
        reasoning=reasoning,
        cache_read=read,
        cache_read_audio=price("cache_read_input_audio_token_cost", read),
        cache_write=written,
        cache_write_lasting=MappingProxyType(lasting),
        prompt_audio=price("input_cost_per_audio_token", prompt),
        prompt_image=price("input_cost_per_image_token", prompt),
        completion_audio=price("output_cost_per_audio_token", completion),
        completion_image=price("output_cost_per_image_token", completion),
        search=_per_search(entry),
        prompt_at_most=max(prompt, written),
        completion_at_most=max(completion, reasoning),
    )


def _per_search(entry: Entry) -> float:
    by_size: JSON = entry.get("search_context_cost_per_query")
    price = by_size.get("search_context_size_medium") if isinstance(by_size, Mapping) else None
    return price if isinstance(price, int | float) else 0.0


def _thinks_at_a_price_of_its_own(entry: Entry) -> bool:
    """Whether thoughts cost something else than the answer; where not, its tiers and thresholds hold for them."""
    return "tiered_pricing" in entry or entry.get(_REASONING) != entry.get(_OUTPUT)


class _Prices:
    """The prices of an entry as they are in the circumstances of a request, by the names they have in the table."""

    def __init__(self, entry: Entry, circumstances: Circumstances) -> None:
        tokens = circumstances.prompt_tokens + (entry.get("litellm_provider") in _REACHED_AT)
        band = _band_of(entry.get("tiered_pricing"), circumstances.prompt_tokens)
        # A band is complete: what it does not name costs what its other tokens do, not what the entry says.
        self._entry = entry if band is None else {_OUTPUT: entry.get(_OUTPUT), **band}
        self._now = _off_peak_prices(entry.get("off_peak_pricing"), circumstances.at)
        tier = "" if band is not None else _tier_end(circumstances.service_tier)
        crossed = sorted({int(found[1]) for name in self._entry if (found := _THRESHOLD.search(name))}, reverse=True)
        lengths = [f"_above_{thousands}k_tokens" for thousands in crossed if tokens > thousands * 1000]
        # Each once: most requests have no tier, and its end is that of the standard one.
        self._ends = dict.fromkeys([*(end for length in lengths for end in (f"{length}{tier}", length)), tier, ""])

    def __call__(self, name: str, default: Any) -> Any:
        """Return a price in USD, or what it is where the table is silent."""
        if name in self._now:
            return self._now[name]
        for end in self._ends:
            price = self._entry.get(name + end)
            if price is not None:
                return price
        return default


def _band_of(bands: Sequence[Entry] | None, tokens: int) -> Entry | None:
    """Return the band of prices that the length of a prompt falls into; beyond the last, the last."""
    if not bands or not tokens:
        return None
    ordered = sorted((band for band in bands if "input_cost_per_token" in band), key=lambda band: band["range"][0])
    return next((band for band in ordered if tokens <= band["range"][1]), ordered[-1] if ordered else None)


def _off_peak_prices(block: Mapping[str, Any] | None, at: datetime | None) -> Entry:
    """Return the prices that hold at quiet hours, or none at other times."""
    if block is None or at is None:
        return {}
    at = at.astimezone(UTC)
    rules = [{"hours_utc": block.get("hours_utc", ())}, *block.get("windows", ())]
    day = at.astimezone(_calendar(block.get("weekday_timezone"))).isoweekday()
    quiet = any(_is_within(rule["hours_utc"], at) for rule in rules if day in rule.get("weekdays", (day,)))
    return block if quiet else {}


def _calendar(name: str | None) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # few models need it

    try:
        return ZoneInfo(name) if name else UTC
    except ZoneInfoNotFoundError:  # a machine without the data of time zones
        return UTC


def _is_within(hours: str | Sequence[str], at: datetime) -> bool:
    """Whether a time is within one of the windows, such as "16:30-00:30"; one that ends as it begins is all day."""
    now = f"{at:%H:%M}"
    for window in [hours] if isinstance(hours, str) else hours:
        start, _, end = window.partition("-")
        if (start <= now < end) if start < end else (now >= start or now < end):
            return True
    return False
