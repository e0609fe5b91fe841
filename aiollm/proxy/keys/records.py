"""Holders as LiteLLM's management API writes them: bodies of `/key/generate`, `/team/new` and the like, and answers.

A field that would limit somebody and is not held to here is refused, never passed over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from aiollm.exceptions import BadRequestError
from aiollm.proxy.durations import seconds_in
from aiollm.proxy.inbound.body import refused
from aiollm.proxy.keys.holder import Holder, Kind
from aiollm.types.nearest import nearest
from aiollm.types.shape import JSON

__all__ = ["changed_holder", "told_holder"]

_NANO = 1_000_000_000
_MOST = 2**53

_IGNORED = frozenset({"key", "keys", "key_type", "organization_id", "send_invite_email"})


def changed_holder(before: Holder, body: Mapping[str, Any], now: float) -> Holder:
    """Return a holder with what a body says of it; null takes a limit away, and what is not named stays.

    Args:
        before: the holder as it was, or a new one without limits.
        body: fields under LiteLLM's names. Money is in US dollars, durations are texts such as "30d".
        now: the time, in seconds since 1970; a `duration` counts from here.

    Raises:
        BadRequestError: a field is unknown, not supported, or of the wrong kind.
    """
    changes: dict[str, Any] = {}
    fields = {**_FIELDS, **_OWN_FIELDS[before.kind]}
    for name, value in body.items():
        if name in fields:
            member, read = fields[name]
            changes[member] = _EMPTY.get(member) if value is None else read(name, value)
        elif name == "duration":
            changes["expires"] = None if value is None else now + _seconds(name, value)
        elif name not in _IGNORED and value not in (None, [], {}, "", False):
            raise _unknown(name, (*fields, "duration"))
    return msgspec.structs.replace(before, **changes)


def told_holder(holder: Holder, *, spent: int) -> dict[str, Any]:
    """Return a holder as LiteLLM's answers have it; of a key there is its hash and its last four characters.

    Args:
        holder: the holder.
        spent: what it has spent in the present period, in billionths of a US dollar.
    """
    told: dict[str, Any] = {
        "models": list(holder.models),
        "allowed_routes": list(holder.routes),
        "rpm_limit": holder.rpm,
        "tpm_limit": holder.tpm,
        "max_parallel_requests": holder.parallel,
        "max_budget": None if holder.budget is None else holder.budget / _NANO,
        "budget_duration": None if holder.budget_period is None else f"{holder.budget_period:.0f}s",
        "spend": spent / _NANO,
        "blocked": holder.blocked,
        "expires": _date(holder.expires),
        "created_at": _date(holder.created),
        "tags": list(holder.tags),
        "metadata": dict(holder.metadata),
    }
    if holder.kind == "key":
        names = {"token": holder.name, "key_name": holder.shown, "key_alias": holder.alias}
        return {**names, "team_id": holder.team, "user_id": holder.user, **told}
    return {f"{holder.kind}_id": holder.name, f"{holder.kind}_alias": holder.alias, **told}


def _date(time: float | None) -> str | None:
    return None if time is None else datetime.fromtimestamp(time, UTC).isoformat()


def _unknown(name: str, known: tuple[str, ...]) -> BadRequestError:
    near = nearest(name, known, n=1, cutoff=0.8)
    meant = f"; did you mean {near[0]}?" if near else ""
    return refused(name, f"is not supported here, so it would not be held to{meant}", "unsupported_parameter")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value or "\x00" in value:
        raise refused(name, "must be text")
    return value


def _texts(name: str, value: JSON) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise refused(name, "must be a list of texts")
    return tuple(_text(name, item) for item in value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise refused(name, "must be true or false")
    return value


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST:
        raise refused(name, "must be a whole number from 0")
    return value


def _money(name: str, value: Any) -> int:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value < 0:
        raise refused(name, "must be a sum of US dollars from 0")
    return int(min(value * _NANO, _MOST))


def _seconds(name: str, value: Any) -> float:
    seconds = seconds_in(value)
    if seconds is None:
        raise refused(name, 'must be a time such as "30s", "5m", "12h", "30d" or "1mo"')
    return seconds


def _notes(name: str, value: JSON) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refused(name, "must be an object")
    return value


_Fields = dict[str, tuple[str, Callable[[str, Any], Any]]]

_EMPTY: dict[str, Any] = {"models": (), "routes": (), "tags": (), "metadata": {}, "blocked": False}
"""What null means for a member that is not None without a value."""

_FIELDS: _Fields = {
    "models": ("models", _texts),
    "allowed_routes": ("routes", _texts),
    "rpm_limit": ("rpm", _count),
    "tpm_limit": ("tpm", _count),
    "max_parallel_requests": ("parallel", _count),
    "max_budget": ("budget", _money),
    "budget_duration": ("budget_period", _seconds),
    "blocked": ("blocked", _flag),
    "tags": ("tags", _texts),
    "metadata": ("metadata", _notes),
}
_OWN_FIELDS: dict[Kind, _Fields] = {
    "key": {"key_alias": ("alias", _text), "team_id": ("team", _text), "user_id": ("user", _text)},
    "team": {"team_alias": ("alias", _text), "team_id": ("name", _text)},
    "user": {"user_alias": ("alias", _text), "user_id": ("name", _text)},
}
