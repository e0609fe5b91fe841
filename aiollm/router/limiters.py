"""The limits of each deployment."""

from __future__ import annotations

from collections.abc import Callable

from aiollm.core.gate import Gate
from aiollm.core.limiter import Limiter
from aiollm.engine.call import Call
from aiollm.router.deployment import Deployment
from aiollm.router.fleet import Fleet

__all__ = ["DeploymentLimiters", "MakeLimiter", "local_limiter"]

MakeLimiter = Callable[[Deployment], Gate | None]
"""Makes the limiter of a deployment; None for one without limits."""


def local_limiter(deployment: Deployment) -> Gate | None:
    """Return a limiter for this process, if the deployment has limits."""
    rpm, tpm, concurrency = deployment.rpm, deployment.tpm, deployment.max_parallel_requests
    if rpm is None and tpm is None and concurrency is None:
        return None
    return Limiter(rpm=rpm, tpm=tpm, concurrency=concurrency)


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
