"""The limits of each deployment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiollm.core import redis
from aiollm.core.gate import Gate
from aiollm.core.limiter import Limiter
from aiollm.core.quota import share_of
from aiollm.engine.call import Call
from aiollm.router.deployment import Deployment
from aiollm.router.fleet import Fleet

__all__ = ["DeploymentLimiters", "MakeLimiter", "limiter_of_share", "local_limiter", "shared_limiter"]

MakeLimiter = Callable[[Deployment], Gate | None]
"""Makes the limiter of a deployment; None for one without limits."""


def local_limiter(deployment: Deployment) -> Gate | None:
    """Return a limiter for this process, if the deployment has limits."""
    limits = _limits(deployment)
    return None if not limits else Limiter(**limits)


def limiter_of_share(number: int, count: int) -> MakeLimiter:
    """Return what makes the limiters of one of several processes that know nothing of each other: each has its share.

    A share is 1 at the least: with none of it, a process could answer no call at all. So of a limit that is smaller
    than their number the processes take, together, as many as they are.

    Args:
        number: which process it is, from 0.
        count: how many there are.
    """

    def make(deployment: Deployment) -> Gate | None:
        limits = _limits(deployment)
        limits.update((name, max(1, share_of(limit, number, count))) for name, limit in limits.items())
        return None if not limits else Limiter(**limits)

    return make


def shared_limiter(server: str) -> MakeLimiter:
    """Return what makes limiters that all processes share which have the deployment.

    While the server cannot be reached each process keeps to its share.

    Args:
        server: the URL of a Redis server.
    """

    def make(deployment: Deployment) -> Gate | None:
        limits = _limits(deployment)
        name = f"deployment {deployment.id}"
        return None if not limits else redis.RedisLimiter(server, name=name, on_failure="local", **limits)

    return make


def _limits(deployment: Deployment) -> dict[str, Any]:
    limits = {"rpm": deployment.rpm, "tpm": deployment.tpm, "concurrency": deployment.max_parallel_requests}
    return {name: limit for name, limit in limits.items() if limit is not None}


class DeploymentLimiters:
    """One limiter for each deployment, as long as its limits stay what they are.

    Args:
        fleet: the deployments.
        make: makes a limiter.
    """

    def __init__(self, fleet: Fleet, make: MakeLimiter) -> None:
        self._fleet = fleet
        self._make = make
        # Threads share it; each access is one atomic operation.
        self._made: dict[tuple[str, int | None, int | None, int | None], Gate | None] = {}

    def of(self, call: Call) -> Gate | None:
        """Return the limiter of the deployment that an attempt goes to; None for any number of requests."""
        deployment = self._fleet.deployment(call.deployment or "")
        if deployment is None:
            return None
        key = deployment.id, deployment.rpm, deployment.tpm, deployment.max_parallel_requests
        try:
            return self._made[key]
        except KeyError:
            return self._made.setdefault(key, self._make(deployment))

    async def aclose(self) -> None:
        """Give back what this process holds of shared limits, and close its connections to their server."""
        for limiter in self._made.values():
            if limiter is not None:
                await limiter.aclose()
