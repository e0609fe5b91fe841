"""What a request holds once a gate has let it pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Protocol

from aiollm.core.quota import NOTHING, Amounts

__all__ = ["Ledger", "Permit", "Reservation"]


class Ledger(Protocol):
    """Where a permit came from."""

    def settle(self, permit: Permit, real: Amounts) -> None: ...

    def release(self, permit: Permit) -> None: ...


class Permit:
    """Room for one request. It may be used from any task and thread.

    Attributes:
        held: what is booked for the request: the estimate, or what it turned out to be.
        taken_at: when it passed, in the clock of its loop, in seconds.
        waited: how long it had waited for that, in seconds.
        process: the process in which it passed, and in which alone it counts.
    """

    __slots__ = ("_ledger", "estimate", "held", "process", "released", "taken_at", "waited")

    def __init__(self, ledger: Ledger, estimate: Amounts, taken_at: float, waited: float, process: int) -> None:
        self._ledger = ledger
        self.estimate = estimate
        self.held = estimate
        self.taken_at = taken_at
        self.waited = waited
        self.process = process
        self.released = False

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
        enter: waits for the permit.
        at_once: gives it if nobody has to wait, else None.
    """

    __slots__ = ("_enter", "_permit", "at_once")

    def __init__(self, enter: Callable[[], Coroutine[Any, Any, Permit]], at_once: Callable[[], Permit | None]) -> None:
        self._enter = enter
        self._permit: Permit | None = None
        self.at_once = at_once

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
