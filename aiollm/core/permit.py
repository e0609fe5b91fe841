"""What a request holds once a gate has let it pass."""

from __future__ import annotations

import math
from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, Protocol

import msgspec

from aiollm.core.quota import NOTHING, Amounts

__all__ = ["Ledger", "Permit", "Reservation"]


class Ledger(Protocol):
    """Where a permit comes from."""

    def pass_in_turn(
        self, amounts: Amounts, priority: int, key: str, max_wait: float | None
    ) -> Coroutine[Any, Any, Permit]: ...

    def settle(self, permit: Permit, real: Amounts) -> None: ...

    def release(self, permit: Permit) -> None: ...


class Permit(msgspec.Struct, eq=False):
    """Room for one request. It may be used from any task and thread.

    Attributes:
        estimate: what was reserved.
        held: what is booked for the request: the estimate, or what it turned out to be.
        taken_at: when it passed, in the clock of its loop, in seconds.
        waited: how long it had waited for that, in seconds.
        process: the process in which it passed, and in which alone it counts.
        released: whether its place of the concurrency has been given back.
    """

    _ledger: Ledger
    estimate: Amounts
    held: Amounts
    taken_at: float
    waited: float
    process: int
    released: bool = False

    def settle(self, *, input_tokens: float, output_tokens: float) -> None:
        """Book the real usage in the place of the estimate. Again, it corrects what was said before.

        Raises:
            ValueError: a number is below 0.
        """
        self._ledger.settle(self, checked_amounts(input_tokens, output_tokens))

    def refund(self) -> None:
        """Give back everything: the provider refused the request before it did any work."""
        self._ledger.settle(self, NOTHING)

    def release(self) -> None:
        """Give back the place of the concurrency: the request has ended. Again, it does nothing."""
        self._ledger.release(self)

    def __repr__(self) -> str:
        state = "released" if self.released else "held"
        return f"<Permit for {self.held.tokens:g} tokens, {state}>"


class Reservation:
    """A permit to be waited for: `permit = await gate.reserve(...)`, or `async with gate.reserve(...) as permit`.

    The block releases the permit at its end. Cancelling gives up the place in the queue, or gives the permit back.

    Args:
        ledger: where the permit comes from.
        amounts: what is reserved.
        priority, key, max_wait: its class, who it is for, and how long it may wait, in seconds; see `Gate.reserve`.
    """

    __slots__ = ("_amounts", "_key", "_ledger", "_max_wait", "_permit", "_priority")

    def __init__(self, ledger: Ledger, amounts: Amounts, priority: int, key: str, max_wait: float | None) -> None:
        self._ledger = ledger
        self._amounts = amounts
        self._priority = priority
        self._key = key
        self._max_wait = max_wait
        self._permit: Permit | None = None

    def _enter(self) -> Coroutine[Any, Any, Permit]:
        return self._ledger.pass_in_turn(self._amounts, self._priority, self._key, self._max_wait)

    def __await__(self) -> Generator[Any, Any, Permit]:
        return self._enter().__await__()

    async def __aenter__(self) -> Permit:
        self._permit = await self._enter()
        return self._permit

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._permit is not None
        self._permit.release()


def checked_amounts(input_tokens: float, output_tokens: float) -> Amounts:
    """Return the amounts of one request.

    Raises:
        ValueError: a number is below 0, or none.
    """
    if 0 <= input_tokens < math.inf and 0 <= output_tokens < math.inf:
        return Amounts(1, input_tokens, output_tokens)
    raise ValueError(
        f"input_tokens and output_tokens must be numbers from 0; got {input_tokens!r} and {output_tokens!r}"
    )
