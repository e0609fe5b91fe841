"""One lock for all state that threads share: over a fork, and in the middle of a garbage collection."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Concatenate, ParamSpec, Protocol, Self, TypeVar
from weakref import WeakMethod

from aiollm.core.process import PROCESS

__all__ = ["Guard", "noted"]

Arguments = ParamSpec("Arguments")


class Guard:
    """A lock, used by `with`; or by `enter` and `leave`, which take less time, where each request needs it.

    A fork copies a lock as it is, perhaps held by a thread that the child does not have: the child gets a new one.

    A thread may come back in the middle of an access of its own: answers that nobody holds any more are ended wherever
    the garbage collector runs. What they say waits until that access is over; see `noted`.

    Args:
        after_fork: a method that is called in a forked child, before any access of it.

    Attributes:
        process: the process whose state this is.
        depth: how many accesses the thread that is inside has begun, one in the middle of the other.
    """

    def __init__(self, after_fork: Callable[[], None] | None = None) -> None:
        # Weakly: what has a guard must not wait for the collector itself.
        self._after_fork = None if after_fork is None else WeakMethod(after_fork)
        self.renew()
        PROCESS.renews(self)

    def renew(self) -> None:
        """Begin, as that of this process."""
        self._lock = threading.RLock()
        self.depth: int = 0
        self._notes: deque[Callable[[], None]] = deque()
        self.process: int = PROCESS.id

    def enter(self) -> Self:
        """Begin an access."""
        self._lock.acquire()
        self.depth += 1
        return self

    def leave(self, kind: object = None, error: object = None, trace: object = None) -> None:
        """End an access, and do what was put off until the end of the outermost."""
        try:
            if self._notes:
                self._catch_up()
        finally:
            self.depth -= 1
            self._lock.release()

    __enter__, __exit__ = enter, leave

    def renewed(self) -> None:
        """Let the object of this guard begin anew, whose method may use what has other guards."""
        after_fork = None if self._after_fork is None else self._after_fork()
        if after_fork is not None:
            after_fork()

    def _catch_up(self) -> None:
        while self._notes and self.depth == 1:
            self._notes.popleft()()

    def put_off(self, work: Callable[[], None]) -> None:
        """Do some work when this thread's outermost access is about to end."""
        self._notes.append(work)


class _Guarded(Protocol):
    @property
    def _guard(self) -> Guard: ...


G = TypeVar("G", bound=_Guarded)


def noted(method: Callable[Concatenate[G, Arguments], None]) -> Callable[Concatenate[G, Arguments], None]:
    """Let a method be one access under its object's guard; where it comes in the middle of another, it waits for that.

    For methods that tell of something, and return nothing.
    """

    def note(self: G, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        with self._guard as guard:  # pyright: ignore[reportPrivateUsage]  # of the object whose method it is
            if guard.depth == 1:
                method(self, *args, **kwargs)
            else:
                guard.put_off(partial(method, self, *args, **kwargs))

    update_wrapper(note, method)
    return note
