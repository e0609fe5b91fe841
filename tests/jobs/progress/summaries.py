"""Jobs at one moment."""

from __future__ import annotations

from typing import Any

from aiollm import Summary
from aiollm.jobs.summary import Tally

GOING_ON: dict[str, Any] = {
    "done": 1_200,
    "failed": 3,
    "from_store": 50,
    "in_flight": 64,
    "total": 5_000,
    "completion_tokens": 36_000,
    "cost": 0.25,
    "throttled": 2,
    "elapsed": 12.0,
}


def summary(**known: Any) -> Summary:
    """A job of which so much is known, and nothing else."""
    nothing = Tally().summary(None, 0, 0.0)
    names = [name for name in Summary.__slots__ if name != "__weakref__"]
    return Summary(**{name: getattr(nothing, name) for name in names} | known)
