"""What a reply's headers say of the provider's limits, believed only where it makes sense.

Which provider sends which names: OpenAI, and in its form Azure, Groq, xAI, Together, Fireworks, DeepInfra, Cerebras
and Perplexity; Anthropic; Mistral; Cohere, for trial keys; watsonx; the draft of the IETF (`ratelimit-*`, as Replicate
has it) and OpenRouter, which do not say what they count, and are read as requests a minute. Others send none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

__all__ = ["NO_LIMITS", "RateLimit", "RateLimits", "read_rate_limits"]

_MINUTE = 60.0
_DAY = 86400.0
_EPOCH_FROM = 1e9  # a number of seconds from here on is a point in time
_EPOCH_MILLISECONDS_FROM = 1e12

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_DURATION = re.compile(
    r"(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?", re.ASCII
)
_UNITS = (3600.0, 60.0, 1.0, 0.001)


class RateLimit(msgspec.Struct, frozen=True, gc=False):
    """One limit, as a provider tells it.

    Attributes:
        limit: how many in each period.
        remaining: how many are left, from 0 to `limit`; None where it is not told.
        reset: seconds until there are more, or all, which differs by provider; None where it is not told, or is
            nonsense.
        period: seconds. A minute, or what is known of the provider.
    """

    limit: float
    remaining: float | None = None
    reset: float | None = None
    period: float = _MINUTE


class RateLimits(msgspec.Struct, frozen=True, gc=False):
    """The limits that a reply tells of; None where it tells nothing, or nothing that can be."""

    requests: RateLimit | None = None
    tokens: RateLimit | None = None
    input_tokens: RateLimit | None = None
    output_tokens: RateLimit | None = None


NO_LIMITS = RateLimits()


def _anthropic(counted: str) -> tuple[str, str, str]:
    limit, remaining, reset = (f"anthropic-ratelimit-{counted}-{what}" for what in ("limit", "remaining", "reset"))
    return limit, remaining, reset


# What is counted -> the names of the limit, of what remains and of the time of the reset, in each provider's words.
_NAMES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "requests": (
        ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        _anthropic("requests"),
        ("x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute", ""),
        ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
        ("x-trial-endpoint-call-limit", "x-trial-endpoint-call-remaining", ""),
        ("x-requests-limit-rate", "x-requests-limit-remaining", ""),
        ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
    ),
    "tokens": (
        ("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        _anthropic("tokens"),
        ("x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute", ""),
    ),
    "input_tokens": (_anthropic("input-tokens"),),
    "output_tokens": (_anthropic("output-tokens"),),
}

_LIMITS = frozenset(names[0] for families in _NAMES.values() for names in families)

# Limits that are not of a minute, in seconds, by name; and by provider and name.
_PERIODS = {"x-requests-limit-rate": 1.0}
_PERIODS_OF = {("groq", "x-ratelimit-limit-requests"): _DAY}


def read_rate_limits(headers: Mapping[str, str], *, provider: str | None = None) -> RateLimits:
    """Read the limits that a reply's headers tell.

    A limit is believed if it is above 0 and what remains lies between 0 and it; a missing rest is no fault. Seen in
    the wild: -1 for both, an empty text, a duration in the place of a number.

    Args:
        headers: of the reply, names in lower case.
        provider: its name, where it is known: Groq counts requests by the day.
    """
    if _LIMITS.isdisjoint(headers):
        return NO_LIMITS
    found: dict[str, RateLimit | None] = {}
    for counted, families in _NAMES.items():
        for names in families:
            if names[0] in headers:
                period = _PERIODS_OF.get((provider or "", names[0])) or _PERIODS.get(names[0], _MINUTE)
                found[counted] = _limit(headers, names, period)
                break
    return RateLimits(**found)


def _limit(headers: Mapping[str, str], names: tuple[str, str, str], period: float) -> RateLimit | None:
    limit, rest = _number(headers[names[0]]), headers.get(names[1])
    remaining = None if rest is None else _number(rest)
    if not limit or (rest is not None and (remaining is None or remaining > limit)):
        return None
    return RateLimit(limit, remaining, _seconds(headers.get(names[2], ""), headers.get("date", "")), period)


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _seconds(text: str, date: str) -> float | None:
    """Return how far off a reset is: a number of seconds, a duration like 6m0s, or a point in time.

    A point in time is taken against the reply's own `Date`, so that no clock of ours comes in.
    """
    text = text.strip()
    number = _number(text)
    if number is not None:
        if number < _EPOCH_FROM:
            return number
        return _until(number / 1000 if number >= _EPOCH_MILLISECONDS_FROM else number, date)
    duration = _DURATION.fullmatch(text)
    if text and duration:
        return math.fsum(float(part) * unit for part, unit in zip(duration.groups(), _UNITS, strict=True) if part)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _until((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), date)


def _until(moment: float, date: str) -> float | None:
    try:
        seconds = moment - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return None
    return max(0.0, seconds)
