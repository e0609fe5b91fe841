"""One attempt at a deployment, from its start to its end: what it teaches is noted once, in one place."""

from __future__ import annotations

from contextlib import AbstractContextManager

from aiollm.exceptions import APIError, Timeout
from aiollm.router.member import Demand, Member

__all__ = ["Trial"]


class Trial:
    """An attempt that is under way.

    Args:
        member: who is asked.
        demand: what is asked.
        now: the time in seconds.
        alone: whether no other deployment could take the attempt.
        guard: the lock of the member, which several threads may share. It is held when this is made.

    Attributes:
        waiting: whether its answer has not begun, and it is not over.
    """

    __slots__ = ("_alone", "_guard", "_latency", "_over", "_started", "_tokens", "member", "waiting")

    def __init__(
        self,
        member: Member,
        demand: Demand,
        now: float,
        alone: bool,
        guard: AbstractContextManager[object],
    ) -> None:
        self.member: Member = member
        self.waiting: bool = True
        self._tokens = demand.tokens
        self._started = now
        self._alone = alone
        self._guard = guard
        self._over = False
        statistics = member.statistics
        self._latency = statistics.latency(stream=demand.stream)
        statistics.waiting += 1
        statistics.in_flight += 1
        statistics.requests.add(now)
        if demand.tokens:
            statistics.tokens.add(now, demand.tokens)
        member.health.started(now)

    def answered(self, now: float) -> None:
        """Note that the answer has begun; again, it does nothing."""
        with self._guard:
            self._begin_answer(now)

    def complete(self, now: float, tokens: int | None) -> None:
        """Note that the answer is whole, or that the caller had enough of it; one that came whole begins with its end.

        Args:
            now: the time in seconds.
            tokens: how many it took, as the provider counted; None where that is not known.
        """
        with self._guard:
            self._begin_answer(now)
            if self._end(now, tokens):
                self.member.statistics.successes += 1

    def failed(self, error: APIError, now: float, tokens: int | None = None, *, hasty: bool = False) -> None:
        """Note that no answer came, or that it broke off.

        Args:
            error: what happened.
            now: the time in seconds.
            tokens: how many it took all the same; None where that is not known.
            hasty: whether the caller was not willing to wait longer. That speaks against the deployment only if it
                took longer than it does on the average.
        """
        with self._guard:
            overdue = self._is_overdue(now)
            if overdue and isinstance(error, Timeout):
                self._latency.add(now, now - self._started)  # it would have taken longer still
            if not self._end(now, tokens):
                return
            self.member.statistics.failures += 1
            if hasty and not overdue:
                self.member.health.withdrawn(self._started)
            else:
                self.member.health.failed(error, now, self._started, alone=self._alone)

    def withdrawn(self, now: float) -> None:
        """Note that the attempt was given up, or never sent: that does not speak against the deployment."""
        with self._guard:
            if self._latency.average is not None and self._is_overdue(now):
                self._latency.add(now, now - self._started)  # as of one that lost a race
            if self._end(now, None):
                self.member.health.withdrawn(self._started)

    def _is_overdue(self, now: float) -> bool:
        """Whether the answer has not begun although it has mostly begun by then."""
        average = self._latency.average
        return self.waiting and (average is None or now - self._started > average)

    def _begin_answer(self, now: float) -> None:
        if self.waiting:
            self._stop_waiting()
            self._latency.add(now, now - self._started)
            self.member.health.answered(now, self._started)

    def _stop_waiting(self) -> None:
        self.waiting = False
        self.member.statistics.waiting -= 1

    def _end(self, now: float, tokens: int | None) -> bool:
        """Count the attempt out, once; say whether it was under way."""
        if self._over:
            return False
        self._over = True
        if self.waiting:
            self._stop_waiting()
        statistics = self.member.statistics
        statistics.in_flight -= 1
        if tokens is not None:
            statistics.tokens.add(now, tokens - self._tokens)
        return True
