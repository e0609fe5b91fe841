"""The deployments of a group that may take a call, and the one that does: pure.

Conditions that must hold (tags, a prompt that fits, not left alone after failures) are looked at first, and what is
only better after them: not failed in this call before, a low `order`, room within the limits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from aiollm.exceptions import (
    APIError,
    BadRequestError,
    ContextWindowExceededError,
    RateLimitError,
    ServiceUnavailableError,
)
from aiollm.router.affinity import affine
from aiollm.router.member import Demand, Member
from aiollm.router.strategy import Draw, Strategy, simple_shuffle, usage_based

__all__ = ["Selection"]

UNTAGGED = "default"
"""The tag of deployments for calls without tags."""

_SOONEST_SECONDS = 1.0  # for one that is just being tried

Condition = Callable[[Member], bool]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """How a router chooses.

    Attributes:
        strategy: chooses among those that are equal in all other ways.
        checks_context: whether a prompt must fit what is known of a deployment's model.
        compares_tags: whether the tags of call and deployment must match.
        any_tag: whether one tag in common is a match, or all of the call's must be there.
    """

    strategy: Strategy = simple_shuffle
    checks_context: bool = False
    compares_tags: bool = False
    any_tag: bool = True

    @property
    def counts_tokens(self) -> bool:
        """Whether the choice depends on the tokens of prompts."""
        return self.checks_context or self.strategy is usage_based

    def suitable(self, group: str, members: Sequence[Member], demand: Demand) -> Sequence[Member]:
        """Return the members that can take a call, well or not.

        Args:
            group: the group's name, for messages.
            members: its members.
            demand: what is asked.

        Raises:
            BadRequestError: no deployment has the call's tags.
            ContextWindowExceededError: the prompt is too long for all.
        """
        if self.compares_tags:
            members = self._with_tags(group, members, demand.tags)
        return _that_hold(group, members, demand.tokens) if self.checks_context else members

    def choose(
        self, group: str, suitable: Sequence[Member], demand: Demand, tried: Collection[str], now: float, draw: Draw
    ) -> Member:
        """Return the member that takes an attempt.

        Args:
            group: the group's name, for messages.
            suitable: its members that can take the call.
            demand: what is asked.
            tried: ids of the deployments that failed in this call.
            now: the time in seconds.
            draw: gives random numbers.

        Raises:
            RateLimitError, ServiceUnavailableError: all of them are left alone; `retry_after` says how long.
        """
        fit = [member for member in suitable if member.health.fit(now)]
        if not fit:
            raise _all_left_alone(group, suitable, now)
        return fit[0] if len(fit) == 1 else self._best(fit, demand, tried, now, draw)

    def _best(self, fit: list[Member], demand: Demand, tried: Collection[str], now: float, draw: Draw) -> Member:
        """Return the one that takes an attempt, of several that can."""
        fit = _better(fit, lambda member: member.deployment.id not in tried)
        fit = _better(_first_in_order(fit), lambda member: member.has_room(now, demand.tokens))
        if demand.affinity is not None:
            return affine(fit, demand.affinity)
        return self.strategy(fit, demand, now, draw)

    def _with_tags(self, group: str, members: Sequence[Member], tags: frozenset[str]) -> Sequence[Member]:
        general = [member for member in members if UNTAGGED in member.deployment.tags]
        if not tags:
            return general or members
        matches = tags.intersection if self.any_tag else tags.issubset
        found = [member for member in members if matches(member.deployment.tags)] or general
        if not found:
            raise BadRequestError(
                f"no deployment of {group!r} has the tags of the call: {', '.join(sorted(tags))}",
                model=group,
                param="metadata.tags",
                phase="request",
            )
        return found


def _that_hold(group: str, members: Sequence[Member], tokens: int) -> Sequence[Member]:
    limits = [member.deployment.max_input_tokens for member in members]
    found = [member for member, limit in zip(members, limits, strict=True) if limit is None or tokens <= limit]
    if members and not found:
        raise ContextWindowExceededError(
            f"the prompt has about {tokens} tokens, and the deployments of {group!r} take "
            f"{max(limit or 0 for limit in limits)} at the most; nothing was sent",
            model=group,
            param="messages",
            phase="request",
        )
    return found


def _better(members: list[Member], condition: Condition) -> list[Member]:
    """Return those that fulfil a condition; where none does, all."""
    return [member for member in members if condition(member)] or members


def _first_in_order(members: list[Member]) -> list[Member]:
    orders = [member.deployment.order for member in members if member.deployment.order is not None]
    if not orders:
        return members
    return [member for member in members if member.deployment.order == min(orders)]


def _all_left_alone(group: str, members: Sequence[Member], now: float) -> APIError:
    waits = [max(member.health.fit_in(now), _SOONEST_SECONDS) for member in members]
    causes = [member.health.cause or APIError for member in members]
    told = ", ".join(
        f"{member.deployment.id} for {wait:.1f} s after {cause.__name__}"
        for member, wait, cause in zip(members, waits, causes, strict=True)
    )
    kind = RateLimitError if {*causes} == {RateLimitError} else ServiceUnavailableError
    return kind(
        f"all deployments of {group!r} are left alone after failures: {told}; nothing was sent",
        model=group,
        retry_after=min(waits),
        phase="request",
    )
