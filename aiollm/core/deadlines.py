"""The deadlines of one event loop, nearly all of which are taken back long before they come."""

from __future__ import annotations

import asyncio
from typing import Protocol

__all__ = ["Deadlines", "Waiting"]

NEAR_SECONDS = 2.0
"""What is due sooner than this has a timer of the loop from the beginning."""


class Waiting(Protocol):
    """Something with one deadline at a time."""

    def ring(self) -> None:
        """Look whether the time has come; this may be too early by a second."""
        ...


class Deadlines:
    """Rings when deadlines come.

    To make a timer of the loop and cancel it takes as long as forty function calls. So what is far away stands in a set
    with all that is due in the same second, and gets a timer when that second has come.

    Args:
        loop: the event loop, in whose time all deadlines are.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._far: dict[int, set[Waiting]] = {}  # by the second in which they are due
        self._near: dict[Waiting, asyncio.TimerHandle] = {}
        self._next: int | None = None  # the first of those seconds, for which the timer is
        self._timer: asyncio.TimerHandle | None = None

    def set(self, waiting: Waiting, when: float, now: float) -> None:
        """Ring at a time, or up to a second before it. A deadline that is set already has to be dropped first."""
        if when - now < NEAR_SECONDS:
            self._near[waiting] = self.loop.call_at(when, self._ring, waiting)
            return
        second = int(when)
        if second not in self._far:
            self._far[second] = set()
            self._set_timer()
        self._far[second].add(waiting)

    def drop(self, waiting: Waiting, when: float) -> None:
        """Take back the deadline that was set for a time."""
        if (members := self._far.get(int(when))) is not None:
            members.discard(waiting)
        if self._near and (timer := self._near.pop(waiting, None)) is not None:
            timer.cancel()

    def _ring(self, waiting: Waiting) -> None:
        del self._near[waiting]
        waiting.ring()

    def _ring_for_second(self) -> None:
        assert self._next is not None
        members = self._far[self._next]
        try:
            while members:
                members.pop().ring()
        finally:  # what is left after a fault rings next
            self._far = {second: waiting for second, waiting in self._far.items() if waiting}
            self._timer = self._next = None
            self._set_timer()

    def _set_timer(self) -> None:
        first = min(self._far, default=None)
        if first == self._next:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._next = first
        self._timer = None if first is None else self.loop.call_at(first, self._ring_for_second)
