"""What a process has spent in the last period, when, and what of that the server was not told yet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

__all__ = ["RATES", "Batch", "Journal"]

RATES = 4
"""How many amounts are counted over time: requests, tokens, input and output tokens."""

SLOTS = 120
"""Into how many slots the period is cut. What was spent counts until the end of its slot, so 1 to 2 of them longer."""

Batch = tuple[int, list[tuple[int, list[float]]]]
"""A number, from 1, and what was spent in slots of the server."""


class _Entry(msgspec.Struct):
    spent: list[float] = msgspec.field(default_factory=lambda: [0.0] * RATES)
    untold: list[float] = msgspec.field(default_factory=lambda: [0.0] * RATES)
    slot: int | None = None  # of the server; where it was booked first, there it is corrected


class Journal:
    """The spending of one process, of which the server learns in numbered batches.

    A batch is repeated until it is acknowledged, and the server takes each number once: so an answer that is lost
    counts nothing twice. A server that has forgotten everything is told everything.

    Args:
        period: the length of the window, in seconds.

    Attributes:
        slot: the length of one slot, in seconds.
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self.slot: float = period / SLOTS
        self._entries: dict[int, _Entry] = {}
        self._batches: list[Batch] = []
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, amounts: Sequence[float], at: float, now: float) -> None:
        """Count amounts, or, where they are negative, take back what was counted at that time."""
        self._forget(now)
        number = math.floor(at / self.slot)
        if self._end(number) + self.period > now:
            entry = self._entries.setdefault(number, _Entry())
            for d, amount in enumerate(amounts[:RATES]):
                entry.spent[d] += amount
                entry.untold[d] += amount

    def batches(self, ahead: float, now: float) -> list[Batch]:
        """Return what the server is to be told.

        Args:
            ahead: how far the server's clock is before ours, or more, in seconds.
            now: our time.
        """
        self._forget(now)
        new: list[tuple[int, list[float]]] = []
        for number, entry in self._entries.items():
            if any(entry.untold):
                if entry.slot is None:
                    entry.slot = math.floor((self._end(number) + ahead) / self.slot)
                new.append((entry.slot, entry.untold))
                entry.untold = [0.0] * RATES
        if new:
            self._number += 1
            self._batches.append((self._number, new))
        return list(self._batches)

    def acknowledge(self, batches: Sequence[Batch]) -> None:
        """Take note that the server has booked these."""
        self._batches = self._batches[len(batches) :]

    def tell_all_again(self) -> None:
        """Take note that the server has lost what it was told."""
        self._batches.clear()
        for entry in self._entries.values():
            entry.untold = list(entry.spent)
            entry.slot = None

    def spent(self, now: float) -> list[float]:
        """Return what was spent in the last period."""
        self._forget(now)
        return [sum(entry.spent[d] for entry in self._entries.values()) for d in range(RATES)]

    def wait_for(self, missing: Sequence[float], now: float) -> float:
        """Return how many seconds it takes until as much as is missing has left the window."""
        longest = 0.0
        for d in range(RATES):
            left = missing[d]
            for number, entry in sorted(self._entries.items()):
                if left <= 0:
                    break
                left -= entry.spent[d]
                longest = max(longest, self._end(number) + self.period - now)
        return longest

    def _end(self, number: int) -> float:
        return (number + 1) * self.slot

    def _forget(self, now: float) -> None:
        # The order is that of time, but for the little by which the clocks of several loops differ.
        for number in list(self._entries):
            if self._end(number) + self.period > now:
                break
            del self._entries[number]
