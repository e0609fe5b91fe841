"""A bound on the extra requests of all calls together, retries or hedges: a share of the calls, and a few more."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from aiollm.core.guard import Guard

__all__ = ["RetryBudget"]


class RetryBudget:
    """Lets a client make extra requests for a share of its calls.

    Single failures are always tried again. When everything fails, the load on the provider grows by the share only,
    where retries without a budget would multiply it.

    It is safe to use from several threads; the clocks of event loops are one (`time.monotonic`).

    Args:
        share: how many extra requests each call adds to the budget.
        reserve: how many are there in any case.
        seconds: how long it takes to fill an empty reserve again.
        most: how many can be saved up.

    Attributes:
        called: notes a call; it waits for no lock.

    Raises:
        ValueError: a number is below 0, or `seconds` is 0.
    """

    def __init__(
        self, share: float = 0.2, reserve: float = 10.0, seconds: float = 10.0, *, most: float = 100.0
    ) -> None:
        if min(share, reserve, most) < 0 or seconds <= 0:
            raise ValueError(
                "share, reserve and most must be 0 or more, and seconds above 0; "
                f"got {share}, {reserve}, {most} and {seconds}"
            )
        self.share = share
        self.reserve = reserve
        self.seconds = seconds
        self.most = most
        self._level = reserve
        self._calls = count()
        self.called: Callable[[], object] = self._calls.__next__
        self._counted = 0  # of the calls, those whose shares have been added
        self._then = 0.0
        self._guard = Guard()

    def take(self, now: float) -> bool:
        """Take one request out of the budget, if there is one.

        Args:
            now: seconds of a clock that never goes back.
        """
        with self._guard:
            self._add_shares()
            filled = self._level + self.reserve * max(0.0, now - self._then) / self.seconds
            self._level = max(self._level, min(self.reserve, filled))
            self._then = now
            if self._level < 1.0:
                return False
            self._level -= 1.0
            return True

    def _add_shares(self) -> None:
        calls = next(self._calls)
        earned = self.share * (calls - self._counted)
        self._counted = calls + 1  # to look at the count is to count
        self._level = max(self._level, min(self.most, self._level + earned))
