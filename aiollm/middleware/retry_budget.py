"""A bound on the retries of all calls together: retries may be a share of the calls, and a few more."""

from __future__ import annotations

import threading

__all__ = ["RetryBudget"]


class RetryBudget:
    """Lets a client retry a share of its recent calls.

    Single failures are always tried again. When everything fails, the load on the provider grows by the share only,
    where retries without a budget would multiply it.

    It is safe to use from several threads; clocks of several event loops are one (`time.monotonic`).

    Args:
        share: how many retries each call adds to the budget.
        reserve: how many retries are there in any case, each filled up again within `seconds`.
        seconds: how long it takes to fill the reserve; what calls have added is forgotten over the same time.

    Raises:
        ValueError: a number is below 0, or `seconds` is 0.
    """

    def __init__(self, share: float = 0.2, reserve: float = 10.0, seconds: float = 10.0) -> None:
        if share < 0 or reserve < 0 or seconds <= 0:
            raise ValueError(
                f"share and reserve must be 0 or more, and seconds above 0; got {share}, {reserve} and {seconds}"
            )
        self.share = share
        self.reserve = reserve
        self.seconds = seconds
        self._level = reserve
        self._earned = 0.0  # by calls; what the level may hold above the reserve
        self._then: float | None = None
        self._lock = threading.Lock()

    def called(self, now: float) -> None:
        """Note a call that begins at `now`, in seconds of a clock that never goes back."""
        with self._lock:
            self._pass_time(now)
            self._earned += self.share
            self._level += self.share

    def take(self, now: float) -> bool:
        """Take one retry out of the budget, if there is one."""
        with self._lock:
            self._pass_time(now)
            if self._level < 1.0:
                return False
            self._level -= 1.0
            return True

    def _pass_time(self, now: float) -> None:
        passed = 0.0 if self._then is None else max(0.0, now - self._then)
        self._then = now
        self._earned *= max(0.0, 1.0 - passed / self.seconds)
        self._level = min(self.reserve + self._earned, self._level + self.reserve * passed / self.seconds)
