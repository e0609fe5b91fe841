"""All deployments of a router by the names that callers use: what several threads share, under one lock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from aiollm.core.guard import Guard
from aiollm.exceptions import APIError, BadRequestError
from aiollm.router.deployment import Deployment
from aiollm.router.health import CooldownRules, Health
from aiollm.router.member import Demand, Member
from aiollm.router.selection import Selection
from aiollm.router.statistics import Statistics
from aiollm.router.stats import DeploymentStats, deployment_stats
from aiollm.router.strategy import Draw
from aiollm.router.trial import Trial
from aiollm.types.nearest import nearest

__all__ = ["Fleet", "Group"]


class Group(msgspec.Struct, frozen=True, eq=False):
    """Deployments that share a name.

    Attributes:
        name: theirs.
        members: they, to be looked at only.
        retries: how often they want a failed call to be repeated; None where they do not say.
    """

    name: str
    members: Sequence[Member]
    retries: int | None


class Fleet:
    """Deployments in groups. It may be used from several threads at once.

    Args:
        selection: how one of a group is chosen.
        rules: when a deployment is left alone.
        aliases: another name of a group -> the group's.
        draw: gives random numbers from 0 up to, and without, 1.

    Attributes:
        counts_tokens: whether anything depends on the tokens of prompts.
    """

    def __init__(self, selection: Selection, rules: CooldownRules, aliases: Mapping[str, str], draw: Draw) -> None:
        self._selection = selection
        self._rules = rules
        self._aliases = dict(aliases)
        self._draw = draw
        self._guard = Guard(self._after_fork)
        self._groups: dict[str, Group] = {}
        self._by_name: dict[str, Group] = {}  # all that a name means without a pattern
        self._by_id: dict[str, Deployment] = {}
        self.counts_tokens: bool = False

    # Who is there

    def replace(self, deployments: Iterable[Deployment]) -> None:
        """Have these deployments and no others; what is known of those that stay is kept.

        Raises:
            ValueError: two have one id.
        """
        new = list(deployments)
        self.change(lambda known: new)

    def change(self, changed: Callable[[list[Deployment]], list[Deployment]]) -> list[Deployment]:
        """Have the deployments that a function makes of those that are there, and return them.

        Raises:
            ValueError: two have one id.
        """
        with self._guard:
            known = {member.deployment.id: member for member in self._members()}
            deployments = changed([member.deployment for member in known.values()])
            members: dict[str, list[Member]] = {}
            by_id: dict[str, Deployment] = {}
            for deployment in deployments:
                if deployment.id in by_id:
                    raise ValueError(f"two deployments have the id {deployment.id!r}")
                by_id[deployment.id] = deployment
                members.setdefault(deployment.group, []).append(self._member(deployment, known))
            limited = any(deployment.tpm is not None for deployment in deployments)
            self.counts_tokens = limited or self._selection.counts_tokens
            groups = {name: Group(name, own, _retries(own)) for name, own in members.items()}
            meant = {name: self.unaliased(name) for name in (*groups, *self._aliases)}
            self._by_name = {name: groups[group] for name, group in meant.items() if group in groups}
            self._groups, self._by_id = groups, by_id
            return deployments

    def deployment(self, id: str) -> Deployment | None:
        """Return the deployment of an id, or None."""
        return self._by_id.get(id)

    def deployments(self) -> list[Deployment]:
        """Return all deployments, by groups."""
        return [member.deployment for member in self._members()]

    def stats(self, now: float) -> dict[str, DeploymentStats]:
        """Return what is known of each deployment, by its id."""
        with self._guard:
            return {member.deployment.id: deployment_stats(member, now) for member in self._members()}

    def names(self) -> list[str]:
        """Return the names that callers may use: groups, and their aliases."""
        return [*self._groups, *self._aliases]

    def unaliased(self, name: str) -> str:
        """Return the name that an alias stands for; any other as it is."""
        return self._aliases.get(name, name)

    def knows(self, name: str) -> bool:
        """Whether a name means a group."""
        try:
            self.group_of(name)
        except BadRequestError:
            return False
        return True

    def group_of(self, name: str) -> Group:
        """Return the group that a name means: it, its alias, or the longest pattern that matches.

        Raises:
            BadRequestError: there is none.
        """
        return self._by_name.get(name) or self._matching(name)

    # Who is asked

    def begin(self, name: str, demand: Demand, tried: Collection[str], now: float) -> Trial:
        """Choose a deployment for an attempt, and count the attempt in.

        Args:
            name: of the group that is asked.
            demand: what the choice depends on.
            tried: ids of deployments that come after all others.
            now: the time in seconds.

        Raises:
            APIError: none can take it; see `Selection.choose`.
        """
        with self._guard:
            suitable = self._selection.suitable(name, self.group_of(name).members, demand)
            member = self._selection.choose(name, suitable, demand, tried, now, self._draw)
            alone = len(suitable) == 1
            return Trial(member, demand, now, alone, self._guard)  # by names, a class takes 1,400 instructions more

    def choose(self, name: str, demand: Demand, now: float) -> Deployment:
        """Choose a deployment as `begin` does, and count nothing."""
        with self._guard:
            suitable = self._selection.suitable(name, self.group_of(name).members, demand)
            return self._selection.choose(name, suitable, demand, (), now, self._draw).deployment

    def has_another(self, name: str, demand: Demand, tried: Collection[str], now: float) -> bool:
        """Whether a deployment can take a call, and is not among those tried."""
        try:
            with self._guard:
                suitable = self._selection.suitable(name, self.group_of(name).members, demand)
                return any(member.health.fit(now) and member.deployment.id not in tried for member in suitable)
        except APIError:
            return False

    def _matching(self, name: str) -> Group:
        groups = self._groups  # another thread may put others in their place
        name = self.unaliased(name)
        patterns = [pattern for pattern in groups if "*" in pattern and _matches(pattern, name)]
        if patterns:
            return groups[max(patterns, key=len)]
        near = nearest(name, self.names(), n=3)
        known = ", ".join(self.names()) or "none"
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {known}"
        raise BadRequestError(
            f"the router has no model {name!r}", model=name, param="model", phase="request", hint=hint
        )

    def _after_fork(self) -> None:
        for member in self._members():  # what is in flight is the parent's
            member.statistics.waiting = member.statistics.in_flight = 0
            member.health.trying = False

    def _members(self) -> list[Member]:
        return [member for group in self._groups.values() for member in group.members]

    def _member(self, deployment: Deployment, known: Mapping[str, Member]) -> Member:
        before = known.get(deployment.id)
        if before is not None:
            return replace(before, deployment=deployment)
        seconds = self._rules.seconds if deployment.cooldown_time is None else deployment.cooldown_time
        return Member(deployment, Statistics(), Health(replace(self._rules, seconds=seconds)))


def _retries(members: Iterable[Member]) -> int | None:
    said = [member.deployment.num_retries for member in members]
    return max((retries for retries in said if retries is not None), default=None)


def _matches(pattern: str, name: str) -> bool:
    before, _, after = pattern.partition("*")
    return len(name) >= len(before) + len(after) and name.startswith(before) and name.endswith(after)
