"""The limits of each deployment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiollm.core.gate import Gate
from aiollm.core.limiter import Limiter
from aiollm.core.redis.limiter import RedisLimiter
from aiollm.engine.call import Call
from aiollm.router.deployment import Deployment
from aiollm.router.fleet import Fleet

__all__ = ["DeploymentLimiters", "MakeLimiter", "local_limiter", "shared_limiter"]

MakeLimiter = Callable[[Deployment], Gate | None]
"""Makes the limiter of a deployment; None for one without limits."""


def local_limiter(deployment: Deployment) -> Gate | None:
    """Return a limiter for this process, if the deployment has limits."""
    limits = _limits(deployment)
    return None if not limits else Limiter(**limits)


def shared_limiter(server: str) -> MakeLimiter:
    """Return what makes limiters that all processes share which have the deployment.

    While the server cannot be reached each process keeps to its share.

    Args:
        server: the URL of a Redis server.
    """

    def make(deployment: Deployment) -> Gate | None:
        limits = _limits(deployment)
        name = f"deployment {deployment.id}"
        return None if not limits else RedisLimiter(server, name=name, on_failure="local", **limits)

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
        if key not in self._made:
            self._made.setdefault(key, self._make(deployment))
        return self._made[key]

    async def aclose(self) -> None:
        """Give back what this process holds of shared limits, and close its connections to their server."""
        for limiter in self._made.values():
            if isinstance(limiter, RedisLimiter):
                await limiter.aclose()
