"""What a process may spend without asking, and what it says to the server to get it. No I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from aiollm.core.redis.journal import RATES, Batch, Journal

__all__ = ["PLACES", "Answer", "Lease", "Outlook", "Question", "Vector"]

Vector = list[float]
"""Requests, tokens, input tokens, output tokens, places of the concurrency. As limits, below 0 is for none."""

PLACES = RATES
"""The index of the places in a vector."""

_ROUNDING = 1e-6
# A lease ends here before it ends at the server, whatever a loop's cached time or a slow tick adds.
_SAFE = 0.9
_GRACE = 1.5
_LIVES = 5
_PAUSE_FOR_MORE = 1 / 16  # of the lease, between two visits that no request waits for


class Question(msgspec.Struct, kw_only=True):
    """What a client says on a visit; `visit.lua` answers it. Times are in seconds.

    Attributes:
        epoch: the life of the server's memory that the client knows; empty where it has nothing to lose.
        period, slot: the length of the window and of one slot of it.
        lease: how long what is granted may be spent.
        life: how long places are kept for a client that does not come back.
        grace: how long a server that has lost its memory grants nothing, so that all clients can tell it theirs.
        limits: a number below 0 is for none.
        batches: what was spent since the last visit.
        keep: what the client holds and goes on to hold, whatever the answer.
        need: what it must hold in the end for its visit to be of use, if it is hungry; else the same as `keep`.
        want: what it would like to hold.
        hungry: whether a request waits. It keeps its turn among the clients until its need is met.
        pause: for how long the provider wants no requests.
        leaving: whether it will not come back.
    """

    client: str
    epoch: str
    period: float
    slot: float
    lease: float
    life: float
    grace: float
    limits: Vector
    batches: list[Batch]
    keep: Vector
    need: Vector
    want: Vector
    hungry: bool
    pause: float
    leaving: bool


class Answer(msgspec.Struct, kw_only=True):
    """What the server says.

    Attributes:
        epoch: the life of its memory.
        known: whether that is the client's; if not, nothing was done, and the client shall tell everything.
        now: the server's time.
        holds: what the client holds from now on.
        wait: in how many seconds it is of use to come again, if a need was not met.
        room: in how many seconds the window has room for the need, if others give back what they hold.
        full: whether it is a place that the need lacks.
        quiet: for how many seconds nothing is granted, because the server may have lost its memory.
        parties: how many clients share the limits.
        waiting: whether other clients wait.
        spent: requests and tokens of all clients in the window.
        pause: for how long the provider wants no requests.
    """

    epoch: str
    known: bool
    now: float
    holds: Vector = []
    wait: float = 0.0
    room: float = 0.0
    full: bool = False
    quiet: float = 0.0
    parties: int = 1
    waiting: bool = False
    spent: tuple[float, float] = (0.0, 0.0)
    pause: float = 0.0


class Outlook(NamedTuple):
    """What is known of when a request may pass that was not let pass.

    Attributes:
        room: in how many seconds the window has room for it; 0 where others hold the room, or that is not known.
        full: whether all places are in use.
        quiet: for how many seconds the server grants nothing to anybody.
        degraded: whether the server cannot be reached.
    """

    room: float
    full: bool
    quiet: float
    degraded: bool


class Lease:
    """What one process holds of the limits that all share.

    Only one visit may be under way at a time. All times are those of the caller's clock, in seconds.

    Args:
        client: a name that no other process has.
        limits: what all processes together may have.
        period: the window of the rates, in seconds.
        seconds: how long a lease lasts.
        parties: how many processes share the limits at the least, whether the server has seen them or not.

    Attributes:
        used: places of the concurrency in use.
        wait_until: before this time a visit would be of no use to the request that waits.
        parties: how many processes share the limits, as of the last visit.
        pause: for how long the provider wants no requests, to be told on the next visit.
    """

    def __init__(self, client: str, limits: Vector, *, period: float, seconds: float, parties: int = 1) -> None:
        self.client = client
        self.limits = limits
        self.seconds = seconds
        self.journal: Journal = Journal(period)
        self.used: int = 0
        self.wait_until: float = -math.inf
        self._least = parties
        self.parties: int = parties
        self.pause: float = 0.0
        self._epoch = ""
        self._ahead: float | None = None  # how far the server's clock is before ours, or more
        self._others_wait = False
        self._spent = (0.0, 0.0)  # of all processes in the window, as of the last visit
        self._holds = _nothing()  # of the places: how many may be in use at once
        self._until = -math.inf
        self._granted = _nothing()  # what it held after the last visit
        self._kept = _nothing()  # what the visit under way said it goes on to hold
        self._told: list[Batch] = []
        self._since = _nothing()  # what was spent since the last visit; of the places: the most in use at once
        self._telling = _nothing()  # what the visit under way tells of that
        self._rate = _nothing()  # a second
        self._visited = -math.inf
        self._needed = _nothing()  # by the request that the visit under way, or the last one, was for
        self._room_at = self._quiet_until = -math.inf
        self._full = False

    # -- spending

    def take(self, amounts: Sequence[float], now: float) -> bool:
        """Spend the amounts and use a place, if the lease has them."""
        self._expire(now)
        if not self._has_rates(amounts) or (self.limits[PLACES] >= 0 and self.used >= self._holds[PLACES]):
            return False
        for d in range(RATES):
            if self.limits[d] >= 0:
                self._holds[d] = max(0.0, self._holds[d] - amounts[d])
        self.spend(amounts, now)
        return True

    def spend(self, amounts: Sequence[float], now: float) -> None:
        """Count amounts and a place as used, whether the lease has them or not."""
        self.journal.add(amounts, now, now)
        for d in range(RATES):
            self._since[d] += amounts[d]
        self.used += 1
        self._since[PLACES] = max(self._since[PLACES], self.used)

    def correct(self, change: Sequence[float], taken_at: float, now: float) -> None:
        """Change what was spent at a time; what is more goes off the lease, or is owed until the server hears of it."""
        self.journal.add(change, taken_at, now)
        self._spent = self._spent[0] + change[0], self._spent[1] + change[1]
        for d in range(RATES):
            self._holds[d] -= max(0.0, change[d])

    def take_share(self, amounts: Sequence[float], now: float) -> float:
        """Spend the amounts, without the server, within the part of the limits that is this process's.

        Returns:
            0 when they were spent; else for how many seconds there is no room, `inf` until a place is free.
        """
        if self.limits[PLACES] >= 0 and self.used >= max(1, self.limits[PLACES] // self.parties):
            return math.inf
        spent = self.journal.spent(now)
        missing = [0.0] * RATES
        for d in range(RATES):
            if self.limits[d] >= 0:
                share = self.limits[d] / self.parties
                missing[d] = max(0.0, spent[d] + min(amounts[d], share) - share - _ROUNDING)
        if any(missing):
            return self.journal.wait_for(missing, now)
        self.spend(amounts, now)
        return 0.0

    def low(self, now: float) -> bool:
        """Whether it is time to fetch more in advance: half of what was granted is spent."""
        return now >= max(self.wait_until, self._visited + self.seconds * _PAUSE_FOR_MORE) and any(
            2 * self._holds[d] < self._granted[d] for d in range(RATES) if self.limits[d] >= 0
        )

    def idle(self, now: float) -> bool:
        """Whether the server needs to hear nothing: nothing is held, in use, or in the window."""
        self._expire(now)
        return not (self._places_used or self.pause or any(self._holds) or any(self.journal.spent(now)))

    def spent_by_all(self, now: float) -> tuple[float, float]:
        """Return the requests and tokens in the window: of all processes, as far as that was heard a moment ago."""
        own = self.journal.spent(now)
        if now - self._visited > self.seconds:
            return own[0], own[1]
        requests, tokens = (self._spent[d] + self._telling[d] + self._since[d] for d in range(2))
        return max(own[0], requests), max(own[1], tokens)

    def outlook(self, amounts: Sequence[float], now: float) -> Outlook:
        """Return what the server said of when a request could pass that needs these amounts, or less than they are."""
        as_much = all(amounts[d] + _ROUNDING >= self._needed[d] for d in range(RATES) if self.limits[d] >= 0)
        room = self._room_at - now if as_much else 0.0
        return Outlook(max(0.0, room), self._full, max(0.0, self._quiet_until - now), degraded=False)

    def given_back(self, now: float) -> bool:
        """Take note that something was given back; return whether others should hear of it at once."""
        soon = self._visited + self.seconds * _PAUSE_FOR_MORE
        self.wait_until = min(self.wait_until, max(now, soon))
        return self._others_wait and now >= soon

    # -- visits

    def question(self, head: Sequence[float] | None, now: float, *, leaving: bool = False) -> Question:
        """Return what to say to the server.

        Args:
            head: the amounts of the request that waits, if one does.
            leaving: whether this is the last visit, and everything goes back.
        """
        self._expire(now)
        self._measure(now)
        places = self._places_to_keep(hungry=head is not None, leaving=leaving)
        keep, need, want = self._plan(head, max(places, self._places_used), leaving=leaving)
        self._told = [] if self._ahead is None else self.journal.batches(self._ahead, now)
        self._holds = [*keep[:RATES], places]
        self._kept = keep
        self._needed = need
        self._telling = [telling + since for telling, since in zip(self._telling, self._since, strict=True)]
        self._since = [0.0] * RATES + [float(self.used)]
        return Question(
            client=self.client,
            epoch=self._epoch if self.journal or any(keep) else "",
            period=self.journal.period,
            slot=self.journal.slot,
            lease=self.seconds,
            life=self.seconds * _LIVES,
            grace=self.seconds * _GRACE,
            limits=self.limits,
            batches=self._told,
            keep=keep,
            need=need,
            want=want,
            hungry=head is not None,
            pause=self.pause,
            leaving=leaving,
        )

    def answered(self, answer: Answer, asked: float, now: float) -> bool:
        """Take the answer to a question of a time; return False if it has to be asked once more."""
        self._ahead = answer.now - asked
        self._epoch = answer.epoch
        if not answer.known:
            self.journal.tell_all_again()
            return False
        self.journal.acknowledge(self._told)
        # What was spent meanwhile has gone off what was kept.
        self._holds = [
            now_held + new - kept for now_held, new, kept in zip(self._holds, answer.holds, self._kept, strict=True)
        ]
        self._granted = list(self._holds)
        self._until = asked + self.seconds * _SAFE
        self.wait_until = _end_of(answer.wait, now)
        self._others_wait = answer.waiting
        self._room_at = _end_of(answer.room, now)
        self._full = answer.full
        self._quiet_until = _end_of(answer.quiet, now)
        self.parties = max(answer.parties, self._least)
        self._spent = answer.spent
        self._telling = _nothing()
        self.pause = 0.0
        return True

    @property
    def _places_used(self) -> float:
        return float(self.used) if self.limits[PLACES] >= 0 else 0.0

    def _plan(self, head: Sequence[float] | None, places: float, *, leaving: bool) -> tuple[Vector, Vector, Vector]:
        """Return what to keep whatever is answered, what is needed, and what is wanted.

        For a request that lacks some of the rates all are given back, and for one that lacks a place the spare places:
        two processes that hold on to half of what each needs would wait for each other.
        """
        busy = not leaving and (head is not None or any(self._since[:RATES]))
        short = head is not None and not self._has_rates(head)
        keep = [*(max(0.0, held) if busy and not short else 0.0 for held in self._holds[:RATES]), places]
        need = list(keep)
        want = list(keep)
        for d in range(RATES):
            if head is not None and short and self.limits[d] >= 0:
                need[d] = min(head[d], self.limits[d])  # what is above the limit passes alone
            if busy and self.limits[d] >= 0:
                want[d] = max(need[d], self._rate[d] * self.seconds)
        if head is not None and self.limits[PLACES] >= 0:
            need[PLACES] = places + 1
            want[PLACES] = places + 1 if self._others_wait else 2 * places + 1
        return keep, need, want

    def _places_to_keep(self, *, hungry: bool, leaving: bool) -> float:
        """Return how many places may be in use until the answer is here."""
        if hungry or leaving:
            return self._places_used
        places = min(self._holds[PLACES], self._since[PLACES])
        if self._others_wait:
            places = min(places, self.limits[PLACES] // self.parties)
        return max(0.0, places)

    def _has_rates(self, amounts: Sequence[float]) -> bool:
        return all(
            self._holds[d] + _ROUNDING >= min(amounts[d], self.limits[d]) for d in range(RATES) if self.limits[d] >= 0
        )

    def _measure(self, now: float) -> None:
        """Follow the rate of spending: at once when it grows, slowly when it falls."""
        elapsed = max(now - self._visited, self.seconds / 4)
        self._rate = [max(self._since[d] / elapsed, self._rate[d] / 2) for d in range(RATES)]
        self._visited = now

    def _expire(self, now: float) -> None:
        if now >= self._until:
            self._holds = [0.0] * RATES + [min(self._holds[PLACES], self._places_used)]


def _end_of(wait: float, now: float) -> float:
    """Return when a wait ends. One of no time is over, also by the cached time of a loop, which is behind `now`."""
    return now + wait if wait else -math.inf


def _nothing() -> Vector:
    return [0.0] * (PLACES + 1)
