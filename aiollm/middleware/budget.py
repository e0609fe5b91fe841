"""A bound on what calls spend, in USD and in tokens: what they may cost is set aside before they are sent."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import msgspec

from aiollm.core.guard import Guard, noted
from aiollm.exceptions import BudgetExceededError

__all__ = ["Amount", "Budget", "Reservation"]

_DIGITS = 12
_PARTS = 1_000_000_000_000
"""Into how many parts a dollar is divided."""

_STEPS = 100
"""Into how many steps a window is divided: what was spent is forgotten a step at a time."""


class Amount(msgspec.Struct, frozen=True):
    """Money and tokens.

    Attributes:
        usd: US dollars. None in what remains without a limit.
        tokens: of prompts and answers together. None in what remains without a limit.
    """

    usd: float | None = 0.0
    tokens: int | None = 0


class _Sum:
    """Money and tokens that add up, without an error of rounding that would stay when all is taken out again."""

    __slots__ = ("_parts", "tokens")

    def __init__(self) -> None:
        self._parts = 0
        self.tokens = 0

    def add(self, usd: float, tokens: int, sign: int = 1) -> None:
        self._parts += sign * round(usd * _PARTS)
        self.tokens += sign * tokens

    @property
    def usd(self) -> float:
        return self._parts / _PARTS

    @property
    def amount(self) -> Amount:
        return Amount(self.usd, self.tokens)


class Budget:
    """A limit on what all calls of a client spend together.

        client = aiollm.Client(budget=aiollm.Budget(usd=5, window_seconds=24 * 3600))

    Before a call is sent, the most that it may cost is reserved; a call that does not fit into what remains is refused
    with `BudgetExceededError`. When it ends, however it ends, what it did cost is spent, and the rest is free again.

    It may be given to several clients, and used from several event loops and threads at once; a forked process has a
    copy of its own, in which nothing is reserved.

    Args:
        usd: the limit in US dollars, or None.
        tokens: the limit in tokens, prompts and answers together, or None.
        window_seconds: how long what is spent counts; None for ever. It is forgotten a hundredth of this too late.
        clock: tells the time in seconds; it never goes back.

    Raises:
        ValueError: a limit or the window is not above 0, or there is no limit.
    """

    def __init__(
        self,
        usd: float | None = None,
        tokens: int | None = None,
        *,
        window_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        given = {"usd": usd, "tokens": tokens, "window_seconds": window_seconds}
        wrong = [f"{name}={value!r}" for name, value in given.items() if value is not None and not _is_amount(value)]
        if wrong or (usd is None and tokens is None):
            raise ValueError(
                f"a budget needs usd= or tokens=, and numbers above 0; got {', '.join(wrong) or 'neither'}"
            )
        self.usd = usd
        self.tokens = tokens
        self.window_seconds = window_seconds
        self._clock = clock
        self._guard = Guard(self._after_fork)
        self._spent, self._estimated, self._reserved = _Sum(), _Sum(), _Sum()
        self._steps: deque[tuple[int, _Sum, _Sum]] = deque()  # of the window: number, spent, estimated

    @property
    def spent(self) -> Amount:
        """What the calls that have ended did cost, within the window."""
        with self._guard:
            self._forget()
            return self._spent.amount

    @property
    def estimated(self) -> Amount:
        """How much of what is spent is an estimate: the answer ended without a usage, or has no known price."""
        with self._guard:
            self._forget()
            return self._estimated.amount

    @property
    def reserved(self) -> Amount:
        """What the calls that go on may cost at the most."""
        with self._guard:
            return self._reserved.amount

    @property
    def remaining(self) -> Amount:
        """What is neither spent nor reserved; below 0 where calls have cost more than was thought."""
        with self._guard:
            self._forget()
            return Amount(
                None if self.usd is None else self.usd - self._spent.usd - self._reserved.usd,
                None if self.tokens is None else self.tokens - self._spent.tokens - self._reserved.tokens,
            )

    def __repr__(self) -> str:
        limits = {"usd": self.usd, "tokens": self.tokens}
        allowed = " and ".join(_shown(limit, unit) for unit, limit in limits.items() if limit is not None)
        window = "" if self.window_seconds is None else f" in {self.window_seconds:g} s"
        spent = self.spent
        used = f"{_shown(spent.usd or 0.0, 'usd')} and {_shown(spent.tokens or 0, 'tokens')}"
        return f"<Budget of {allowed}{window}, spent: {used}>"

    def reserve(self, usd: float, tokens: int) -> Reservation:
        """Set aside what a call may cost at the most.

        Raises:
            BudgetExceededError: that much is not left.
        """
        with self._guard:
            self._forget()
            self._check("usd", usd)
            self._check("tokens", tokens)
            self._reserved.add(usd, tokens)
        return Reservation(self, usd, tokens, self._guard.process)

    def _check(self, unit: str, wanted: float) -> None:
        limit = getattr(self, unit)
        spent, reserved = getattr(self._spent, unit), getattr(self._reserved, unit)
        if limit is not None and round(spent + reserved + wanted, _DIGITS) > limit:
            raise BudgetExceededError(
                f"the budget of {_shown(limit, unit)} does not allow this call: {_shown(spent, unit)} are spent, "
                f"{_shown(reserved, unit)} reserved for calls that go on, and this one may cost up to "
                f"{_shown(wanted, unit)}; nothing was sent. A lower max_tokens lowers what a call may cost",
                current_cost=spent + reserved,
                max_budget=limit,
            )

    def _after_fork(self) -> None:
        self._reserved = _Sum()  # the calls that go on are the parent's

    @noted
    def _settle(self, reservation: Reservation, usd: float, tokens: int, estimated: bool) -> None:
        if reservation.settled or reservation.process != self._guard.process:
            return
        reservation.settled = True
        self._reserved.add(reservation.usd, reservation.tokens, -1)
        self._forget()
        for total in self._totals():
            total[0].add(usd, tokens)
            if estimated:
                total[1].add(usd, tokens)

    def _totals(self) -> list[tuple[_Sum, _Sum]]:
        """Return what a settlement is added to: all that is spent, and the window's present step."""
        totals = [(self._spent, self._estimated)]
        if self.window_seconds is not None:
            number = self._step()
            if not self._steps or self._steps[-1][0] != number:
                self._steps.append((number, _Sum(), _Sum()))
            totals.append(self._steps[-1][1:])
        return totals

    def _step(self) -> int:
        assert self.window_seconds is not None
        return int(self._clock() / self.window_seconds * _STEPS)

    def _forget(self) -> None:
        """Take out of what is spent the steps that have left the window."""
        while self._steps and self._steps[0][0] < self._step() - _STEPS:
            _, spent, estimated = self._steps.popleft()
            self._spent.add(spent.usd, spent.tokens, -1)
            self._estimated.add(estimated.usd, estimated.tokens, -1)


class Reservation:
    """What is set aside for one call.

    Attributes:
        usd: US dollars.
        tokens: of the prompt and the answer.
        settled: whether the call has ended.
        process: the process that makes the call.
    """

    def __init__(self, budget: Budget, usd: float, tokens: int, process: int) -> None:
        self._budget = budget
        self.usd = usd
        self.tokens = tokens
        self.settled = False
        self.process = process

    def settle(self, usd: float, tokens: int, *, estimated: bool = False) -> None:
        """Spend what the call did cost, and free the rest. Only the first time counts.

        Args:
            usd: US dollars.
            tokens: of the prompt and the answer.
            estimated: whether that is not what the provider counted.
        """
        self._budget._settle(self, usd, tokens, estimated)  # pyright: ignore[reportPrivateUsage]  # its own budget


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


def _shown(value: float, unit: str) -> str:
    return f"${value:,.6g}" if unit == "usd" else f"{value:,} tokens"
