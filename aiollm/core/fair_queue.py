"""Whose turn it is: classes by urgency, keys alike within a class, first come, first served within a key."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

__all__ = ["CLASSES", "FairQueue", "Place"]

CLASSES = 4
"""Classes of urgency, from 0, the most urgent."""

PASSES = 8
"""How often a class is passed over in a row, times its number. Class 3, passed over 24 times, is served once then: even
the least urgent goes on, however much comes before it."""

T = TypeVar("T")


class Place(msgspec.Struct, Generic[T], eq=False):
    """One place in the queue."""

    item: T
    priority: int
    key: str
    cost: float


class FairQueue(Generic[T]):
    """Gives out what was put in, one at a time, in a fair order.

    The most urgent class comes first, but for `PASSES`. Within a class the keys get equal shares of the cost, or shares
    by weight: start-time fair queueing (Goyal, Vin and Cheng, 1996), which needs no rounds and no quantum, so a costly
    item is neither split nor starved.

    Args:
        weights: key -> its share in relation to others; 1 for every key that is not named.

    Attributes:
        length: how many items are in it.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._classes = [_Class[T](weights) for _ in range(CLASSES)]
        self._passed = [0] * CLASSES
        self.length: int = 0

    def push(self, item: T, *, priority: int, key: str, cost: float) -> Place[T]:
        """Put an item behind those of its key and class, and return its place."""
        place = Place(item, priority, key, cost)
        self._classes[priority].push(place)
        self.length += 1
        return place

    def remove(self, place: Place[T]) -> None:
        """Take a place out of the queue, wherever it stands."""
        self._classes[place.priority].remove(place)
        self.length -= 1

    def head(self) -> T | None:
        """Return the item whose turn it is; None where nobody waits."""
        return self._classes[self._turn()].head().item if self.length else None

    def pop(self) -> T:
        """Take out the item whose turn it is, which has been served."""
        turn = self._turn()
        self.length -= 1
        self._passed[turn] = 0
        for later in range(turn + 1, CLASSES):
            self._passed[later] = self._passed[later] + 1 if self._classes[later].length else 0
        return self._classes[turn].pop().item

    def _turn(self) -> int:
        """Return the class whose turn it is, of those in which anybody waits."""
        waiting = [number for number in range(CLASSES) if self._classes[number].length]
        passed_over = [number for number in waiting if number and self._passed[number] >= PASSES * number]
        return (passed_over or waiting)[0]


class _Class(Generic[T]):
    """The items of one class, by key."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.length = 0
        self._weights = weights
        self._queues: dict[str, OrderedDict[Place[T], None]] = {}
        # By the virtual time at which the key is due, and for the same time in turn. A key that nobody waits for any
        # more may have left its entry behind.
        self._order: list[tuple[float, int, str]] = []
        self._due: dict[str, float] = {}
        self._clock = 0.0  # virtual: what a key of weight 1 would have got if it had always waited
        self._entries = 0

    def push(self, place: Place[T]) -> None:
        self.length += 1
        if place.key in self._queues:
            self._queues[place.key][place] = None
            return
        self._queues[place.key] = OrderedDict({place: None})
        self._enter(place.key, max(self._clock, self._due.get(place.key, 0.0)))

    def remove(self, place: Place[T]) -> None:
        queue = self._queues[place.key]
        del queue[place]
        self.length -= 1
        if not queue:
            del self._queues[place.key]

    def head(self) -> Place[T]:
        while not self._is_valid(self._order[0]):
            heapq.heappop(self._order)
        return next(iter(self._queues[self._order[0][2]]))

    def pop(self) -> Place[T]:
        place = self.head()
        due, _, key = heapq.heappop(self._order)
        # Beside what is due: without this, keys that are new each time would be served before one that was served once.
        self._clock = max(due, self._clock + place.cost / self._weight_of_all())
        self.remove(place)
        due += place.cost / self._weights.get(key, 1.0)
        if key in self._queues:
            self._enter(key, due)
        else:
            self._due[key] = due
        self._forget()
        return place

    def _enter(self, key: str, due: float) -> None:
        self._entries += 1
        self._due[key] = due
        heapq.heappush(self._order, (due, self._entries, key))

    def _is_valid(self, entry: tuple[float, int, str]) -> bool:
        due, _, key = entry
        return key in self._queues and self._due[key] == due

    def _weight_of_all(self) -> float:
        if not self._weights:
            return len(self._queues)
        return sum(self._weights.get(key, 1.0) for key in self._queues)

    def _forget(self) -> None:
        """Let go of keys that nobody waits for and that need not wait longer than others, and of old entries."""
        most = 2 * len(self._queues) + 16
        if len(self._due) > most:
            self._due = {key: due for key, due in self._due.items() if key in self._queues or due > self._clock}
        if len(self._order) > most:
            self._order = [entry for entry in self._order if self._is_valid(entry)]
            heapq.heapify(self._order)
