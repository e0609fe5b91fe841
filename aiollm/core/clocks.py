"""The clocks of one exchange, on one deadline of the loop."""

from __future__ import annotations

from collections.abc import Callable

from aiollm.core.deadlines import Deadlines

__all__ = ["Clocks"]

_NEVER = float("inf")


class Clocks:
    """Measures how long we wait for the network, and calls out when that is too long.

    Two of them share one deadline of the loop: `total`, fixed, and the wait, which exists only between `start_waiting`
    and `stop_waiting`. The deadline is not moved when one of them moves back (that would take longer than a chunk): it
    rings at the old time, sees that it is too early, and is set again. One comparison and one addition for each read
    are left; `asyncio.timeout` around a read took 4 us, `wait_for` 12.

    Args:
        deadlines: those of the event loop.
        total: when the call must end, in the loop's time; None for never.
        on_expiry: called with "total" or the name of the wait. It must not refer to an object that closes itself when
            it is dropped, because the deadline keeps it alive.

    Attributes:
        answered_at: when the network answered last, in the loop's time, as far as `stop_waiting` was told.
    """

    __slots__ = (
        "_allowed",
        "_deadlines",
        "_due",
        "_left",
        "_loop",
        "_name",
        "_on_expiry",
        "_rings_at",
        "_total",
        "_waiting_since",
        "answered_at",
    )

    def __init__(self, deadlines: Deadlines, *, total: float | None, on_expiry: Callable[[str], None]) -> None:
        self._deadlines = deadlines
        self._loop = deadlines.loop
        self._total = _NEVER if total is None else total
        self._on_expiry: Callable[[str], None] | None = on_expiry
        self._rings_at = _NEVER
        self._name = ""
        self._allowed = self._left = _NEVER
        self._due = _NEVER
        self._waiting_since = 0.0
        self.answered_at: float = 0.0

    def allow(self, name: str, seconds: float | None) -> None:
        """Name the wait from now on, and say how long it may take; None for as long as it likes."""
        self._name = name
        self._allowed = self._left = _NEVER if seconds is None else seconds
        if self._due != _NEVER:  # in the middle of a wait
            self.start_waiting()

    def start_waiting(self) -> None:
        """The network is waited for from now on."""
        self._waiting_since = now = self._loop.time()
        self._due = due = now + self._left
        if self._rings_at > due or self._rings_at > self._total:
            self._set_deadline(min(due, self._total), now)

    def stop_waiting(self) -> None:
        """The network has answered: time that passes now is the reader's. The total goes on."""
        self._due = _NEVER
        self.answered_at = now = self._loop.time()
        self._left -= now - self._waiting_since

    def renew_waiting(self) -> float:
        """The network has answered in the middle of a wait, and may take as long again as it was allowed at first.

        The deadline needs no look: it was set for no later than that.

        Returns: when the network answered, in the loop's time.
        """
        self.answered_at = self._waiting_since = now = self._loop.time()
        self._left = self._allowed
        self._due = now + self._allowed
        return now

    def stop(self) -> None:
        """Stop for good."""
        self._on_expiry = None
        self._total = self._due = _NEVER
        self._set_deadline(_NEVER, 0.0)

    def _set_deadline(self, when: float, now: float) -> None:
        if self._rings_at != _NEVER:
            self._deadlines.drop(self, self._rings_at)
            self._rings_at = _NEVER
        if when != _NEVER and self._on_expiry is not None:
            self._rings_at = when
            self._deadlines.set(self, when, now)

    def ring(self) -> None:
        """Look whether a time is over, and when to look again; for `deadlines`."""
        self._rings_at = _NEVER
        now = self._loop.time()
        due = min(self._due, self._total)
        if now < due:
            self._set_deadline(due, now)
        elif self._on_expiry is not None:
            self._on_expiry("total" if self._total <= now else self._name)
