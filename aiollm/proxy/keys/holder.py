"""A key, a team or a user: who holds rights, limits and a budget. All three have the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple

import msgspec

__all__ = ["Holder", "HolderId", "Kind", "allows"]

Kind = Literal["key", "team", "user"]


class HolderId(NamedTuple):
    """What names a holder: a key's name is the SHA-256 of the key."""

    kind: Kind
    name: str


class Holder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One holder, as it is stored. Money is in billionths of a US dollar, times are seconds since 1970.

    Attributes:
        kind, name: what names it.
        alias: what people call it.
        shown: of a key, what may be shown of it.
        team, user: of a key, whom it belongs to; their rights, limits and budgets hold as well.
        models: the models it may ask for, "*" within them standing for anything; none given means all.
        routes: the paths it may call, in the same way.
        rpm, tpm: requests and tokens a minute; None for any number.
        parallel: requests at a time; None for any number.
        budget: what it may spend in each period; None for any sum.
        budget_period: how long such a period is; None for one that never ends.
        created: when it was made; the periods are counted from here.
        expires: when it ends; None for never.
        blocked: whether it may do nothing for now.
        tags, metadata: the operator's notes.
    """

    kind: Kind
    name: str
    alias: str | None = None
    shown: str | None = None
    team: str | None = None
    user: str | None = None
    models: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    rpm: int | None = None
    tpm: int | None = None
    parallel: int | None = None
    budget: int | None = None
    budget_period: float | None = None
    created: float = 0.0
    expires: float | None = None
    blocked: bool = False
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = {}

    @property
    def id(self) -> HolderId:
        """What names it."""
        return HolderId(self.kind, self.name)

    @property
    def limits(self) -> tuple[int | None, int | None, int | None]:
        """Requests and tokens a minute, and requests at a time."""
        return self.rpm, self.tpm, self.parallel

    def period_start(self, now: float) -> float:
        """Return when the period of the budget began that a time falls into; 0 for one that never ends."""
        if self.budget_period is None:
            return 0.0
        return self.created + (now - self.created) // self.budget_period * self.budget_period

    def period_end(self, now: float) -> float | None:
        """Return when the period ends that a time falls into; None for one that never does."""
        return None if self.budget_period is None else self.period_start(now) + self.budget_period


def allows(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns covers a name; no pattern at all allows every name."""
    given = tuple(patterns)
    return not given or any(fnmatchcase(name, pattern) for pattern in given)
