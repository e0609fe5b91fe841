"""A deployment with what its router knows of it."""

from __future__ import annotations

import msgspec

from aiollm.router.deployment import Deployment
from aiollm.router.health import Health
from aiollm.router.statistics import Statistics

__all__ = ["Demand", "Member"]


class Member(msgspec.Struct, eq=False):
    """One deployment of a group.

    Attributes:
        deployment: where and how it is called.
        statistics: what it was seen doing.
        health: whether it is fit to be asked.
    """

    deployment: Deployment
    statistics: Statistics
    health: Health

    def has_room(self, now: float, tokens: int) -> bool:
        """Whether one more call, with so many tokens, stays within the limits of the deployment."""
        deployment, statistics = self.deployment, self.statistics
        return (
            (deployment.max_parallel_requests is None or statistics.in_flight < deployment.max_parallel_requests)
            and (deployment.rpm is None or statistics.requests.total(now) < deployment.rpm)
            and (deployment.tpm is None or statistics.tokens.total(now) + tokens <= deployment.tpm)
        )


class Demand(msgspec.Struct):
    """What the choice of a deployment depends on in a call.

    Attributes:
        stream: whether the answer is streamed.
        tokens: estimated tokens of the prompt.
        tags: the caller's tags.
        affinity: what calls have in common that should go to one deployment; None for calls that may go to any.
    """

    stream: bool = False
    tokens: int = 0
    tags: frozenset[str] = frozenset()
    affinity: str | None = None
