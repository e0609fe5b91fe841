"""What is known of a deployment, for people and for dashboards."""

from __future__ import annotations

import msgspec

from aiollm.router.member import Member

__all__ = ["DeploymentStats", "deployment_stats"]


class DeploymentStats(msgspec.Struct, frozen=True, kw_only=True):
    """What one process has seen of a deployment. Waits are in seconds, and None before the first.

    Attributes:
        group: the group's name.
        in_flight: attempts that are not over.
        requests, tokens: of the last minute.
        successes, failures: attempts that ended so, since the start.
        first_token: how long streams were waited for on the average, lately.
        first_token_p95: what 95 % of the last streams did not exceed.
        whole: how long whole answers were waited for on the average, lately.
        left_alone: seconds for which it is not asked yet; 0 for one that is.
        cause: the class of the error it is left alone for, or None.
    """

    group: str
    in_flight: int
    requests: int
    tokens: int
    successes: int
    failures: int
    first_token: float | None
    first_token_p95: float | None
    whole: float | None
    left_alone: float
    cause: str | None


def deployment_stats(member: Member, now: float) -> DeploymentStats:
    """Return what is known of a deployment at a time in seconds."""
    seen, health = member.statistics, member.health
    cause = None if health.until is None else health.cause
    return DeploymentStats(
        group=member.deployment.group,
        in_flight=seen.in_flight,
        requests=round(seen.requests.total(now)),
        tokens=round(seen.tokens.total(now)),
        successes=seen.successes,
        failures=seen.failures,
        first_token=seen.first_token.average,
        first_token_p95=seen.first_token.quantile(0.95),
        whole=seen.whole.average,
        left_alone=health.fit_in(now),
        cause=None if cause is None else cause.__name__,
    )
