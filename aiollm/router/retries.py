"""Trying again in a router: each group by its own rules, and on another deployment where there is one."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from aiollm.engine.answer import Answer
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.middleware.retry import Retry, Retrying
from aiollm.router.demands import Demands, tried
from aiollm.router.fleet import Fleet

__all__ = ["GroupRetrying", "RetryRules"]

A = TypeVar("A", bound=Answer)

PATIENCE_SECONDS = 5.0
"""How long a provider that asks for time is waited for when another group could be asked instead."""


class RetryRules(msgspec.Struct, frozen=True, kw_only=True):
    """When a router sends a failed request again.

    Attributes:
        retry: the rules of all groups that have none of their own.
        by_group: group -> its rules.
    """

    retry: Retry = msgspec.field(default_factory=Retry)
    by_group: Mapping[str, Retry] = {}

    def of(self, group: str, retries: int | None) -> Retry:
        """Return the rules of a group.

        Args:
            group: its name.
            retries: how often its deployments ask for, or None.
        """
        retry = self.by_group.get(group, self.retry)
        return retry if retries is None else replace(retry, retries=retries)


class GroupRetrying:
    """The policy of `RetryRules` around a handler."""

    def __init__(self, rules: RetryRules, fleet: Fleet, demands: Demands) -> None:
        self._rules = rules
        self._fleet = fleet
        self._demands = demands
        self._made: dict[tuple[str, int | None, bool], Retrying] = {}  # threads share it; two may make the same

    def __call__(self, call: Call, handler: Handler[A]) -> Awaitable[A]:
        assert call.group is not None
        group = self._fleet.group_of(call.group)
        key = group.name, group.retries, call.options.fallbacks is not None
        retrying = self._made.get(key)
        if retrying is None:
            retrying = self._made[key] = self._retrying(*key)
        return retrying(call, handler)

    def _retrying(self, group: str, retries: int | None, impatient: bool) -> Retrying:
        retry = self._rules.of(group, retries)
        if impatient:
            retry = replace(retry, longest_retry_after=min(PATIENCE_SECONDS, retry.longest_retry_after))
        return Retrying(retry, self.goes_elsewhere)

    def goes_elsewhere(self, call: Call) -> bool:
        """Whether another attempt would go to another deployment than those that have failed."""
        assert call.group is not None
        return self._fleet.has_another(call.group, self._demands.of(call), tried(call), call.scope.loop.time())
