"""The seam between a gate, which queues requests, and what it asks for room: a quota."""

from __future__ import annotations

from typing import Protocol

import msgspec

from aiollm.wire.rate_limits import RateLimits

__all__ = ["MINUTE", "NOTHING", "Amounts", "Quota", "QuotaState", "share_of"]

MINUTE = 60.0
"""The period of all rates, in seconds."""


class Amounts(msgspec.Struct, frozen=True, gc=False):
    """What one request takes.

    Attributes:
        requests: 1, or 0 once it was given back.
        input_tokens, output_tokens: of the prompt and of the answer, estimated or counted.
    """

    requests: int = 1
    input_tokens: float = 0
    output_tokens: float = 0

    @property
    def tokens(self) -> float:
        """Those of the prompt and of the answer."""
        return self.input_tokens + self.output_tokens


NOTHING = Amounts(0, 0, 0)
"""What a request takes that the provider refused before it did any work."""


def share_of(limit: int, number: int, count: int) -> int:
    """Return one process' share of a limit that several keep to, who know nothing of each other; maybe 0.

    Args:
        limit: what they may take together.
        number: which process it is, from 0.
        count: how many there are.
    """
    return limit // count + (number < limit % count)


class QuotaState(msgspec.Struct, frozen=True, kw_only=True):
    """What a quota knows of itself.

    Attributes:
        in_flight: requests that hold a place of the concurrency.
        concurrency: how many may; None for any number.
        rpm_now, tpm_now: requests and tokens of the last minute.
        rpm, tpm, itpm, otpm: how many a minute may have at present; None for any number.
        degraded: why the quota does not work as it should, such as a server it cannot reach; None when it does.
    """

    in_flight: int
    concurrency: int | None
    rpm_now: float
    tpm_now: float
    rpm: float | None
    tpm: float | None
    itpm: float | None
    otpm: float | None
    degraded: str | None = None


class Quota(Protocol):
    """Where a gate gets the room for its requests, one at a time, in the order of its queue.

    The gate calls each method under its lock, from any thread; so none may wait, or call the gate. A quota that has to
    ask elsewhere answers `take` with what it has, and calls `Gate.ask_again` when it has more. All times are seconds of
    the gate's clock, which never goes back.
    """

    @property
    def slowed(self) -> bool:
        """Whether it has slowed down, and wants to know of requests that were served. May be read without the lock."""
        ...

    def take(self, amounts: Amounts, now: float) -> float:
        """Take the amounts and a place of the concurrency, or nothing.

        Returns:
            0 when they were taken; else for how many seconds it is of no use to ask again: `inf` where that is not
            known. The gate asks again by then, whenever something is given back, and when it is told to.

        Raises:
            APIError: nobody may pass, and waiting is of no use; it refuses the request.
        """
        ...

    def settle(self, held: Amounts, real: Amounts, taken_at: float, now: float) -> None:
        """Book `real` in the place of `held`, which was taken at a time. `NOTHING` gives all back.

        What exceeds `held` has been spent, whether there was room or not; later requests wait for it.
        """
        ...

    def release(self, now: float) -> None:
        """Give back one place of the concurrency."""
        ...

    def share(self, amounts: Amounts) -> float:
        """Return how much of a minute's room the amounts are: the cost by which keys are served alike."""
        ...

    def throttled(self, taken_at: float, now: float) -> None:
        """The provider refused a request, which was taken at a time, because of a limit."""
        ...

    def succeeded(self, taken_at: float, now: float) -> None:
        """The provider served a request, which was taken at a time."""
        ...

    def learn(self, limits: RateLimits, now: float) -> None:
        """The provider told its limits and what is left of them."""
        ...

    def after_fork(self) -> None:
        """This is a child of the process that used the quota before: what is in flight is the parent's."""
        ...

    def state(self, now: float) -> QuotaState:
        """Return what is known at a time."""
        ...
