"""One call as it is written down: who, what, how it ended, and what it cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from aiollm.proxy.keys.holder import HolderId, Kind

__all__ = ["Charge", "SpendRow", "Status", "UsageSource", "dollars", "nanodollars", "written_sums"]

Status = Literal["success", "failure", "cancelled", "truncated"]
UsageSource = Literal["provider", "estimated", "none"]

_NANO = 1_000_000_000
_MOST = 2**53
"""Nine million dollars: no call costs as much, and a thousand of them still fit into a store's whole number."""


class Charge(msgspec.Struct, frozen=True, cache_hash=True):
    """What a holder's budget is charged with: who, and the beginning of the period, in seconds since 1970."""

    kind: Kind
    name: str
    period: float


class SpendRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One call. Times are seconds since 1970, money is in billionths of a US dollar.

    Attributes:
        id: the call's own id. A row is written once, however often it is handed in.
        call: which API was called.
        key, team, user: who called; the key as its SHA-256.
        end_user: whom the caller asked for, as it named them.
        model: what the caller called the model.
        deployment, provider, served_model: who answered.
        status: how it ended; a stream that its reader left is "cancelled".
        code: what the caller was told of a failure.
        prompt_tokens, completion_tokens, cached_tokens: the counts.
        usage_source: whether the provider counted, or the counts are estimates.
        cost: what it cost.
        started, ended: when.
        first_token: seconds from the start to the first content; None where none came.
        attempts: how many requests to providers it took.
        cached: whether it was answered out of the cache.
        tags, metadata: the operator's and the caller's notes.
        charges: whose budgets are charged with the cost.
    """

    id: str
    call: str
    model: str
    status: Status
    started: float
    ended: float
    key: str | None = None
    team: str | None = None
    user: str | None = None
    end_user: str | None = None
    deployment: str | None = None
    provider: str | None = None
    served_model: str | None = None
    code: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    usage_source: UsageSource = "none"
    cost: int = 0
    first_token: float | None = None
    attempts: int = 1
    cached: bool = False
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = {}
    charges: tuple[Charge, ...] = ()


def written_sums(rows: Iterable[SpendRow]) -> dict[tuple[HolderId, float], int]:
    """Return what rows charge, by holder and beginning of the period."""
    sums: defaultdict[Charge, int] = defaultdict(int)  # rows of one caller share their charges
    for row in rows:
        for charge in row.charges:
            sums[charge] += row.cost
    return {(HolderId(charge.kind, charge.name), charge.period): cost for charge, cost in sums.items()}


def nanodollars(usd: float | None) -> int:
    """Return a sum of US dollars in billionths. What is no sum (below 0, not finite, absurd) is none, or the most."""
    if usd is None or not usd > 0:
        return 0
    return int(min(usd * _NANO, _MOST))


def dollars(nano: int) -> float:
    """Return billionths of a US dollar as dollars."""
    return nano / _NANO
