"""What the choice of a deployment depends on, read from a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiollm.engine.call import Call
from aiollm.pricing.estimate import BYTES_PER_TOKEN, prompt_bytes
from aiollm.router.fleet import Fleet
from aiollm.router.member import Demand
from aiollm.types.request import Request

__all__ = ["Affinity", "Demands", "tried"]

Affinity = Callable[[Request], str | None]
"""Returns what a request has in common with others that should go to the same deployment, or None."""


class Demands:
    """Reads calls.

    Args:
        fleet: the deployments; they tell whether anything depends on the tokens of a prompt.
        affinities: what calls may have in common; the first that a call has is the one that counts.
    """

    def __init__(self, fleet: Fleet, affinities: Sequence[Affinity] = ()) -> None:
        self._fleet = fleet
        self._affinities = affinities

    def of(self, call: Call) -> Demand:
        """Return what a call demands."""
        request = call.request
        return Demand(
            stream=request.stream,
            tokens=round(prompt_bytes(request) / BYTES_PER_TOKEN) if self._fleet.counts_tokens else 0,
            tags=call.options.tags,
            affinity=self._affinity(request) if self._affinities else None,
        )

    def _affinity(self, request: Request) -> str | None:
        return next((key for affinity in self._affinities if (key := affinity(request)) is not None), None)


_NONE: frozenset[str] = frozenset()


def tried(call: Call) -> frozenset[str]:
    """Return the ids of the deployments that have failed in a call, or are at work for it."""
    if not call.attempts:
        return _NONE
    return frozenset(
        attempt.deployment for attempt in call.attempts if attempt.deployment and attempt.ended in (None, "failed")
    )
