"""Cancellation that is bound to streams, not to tasks.

A stream may be opened in one task, read in a second and cancelled from a third thread. No task is cancelled, the
connection is; whoever waits for it gets an error. So nothing here can swallow a cancellation from outside.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

from aiollm.exceptions import StreamCancelled

__all__ = ["Abortable", "CancelScope"]


class Abortable(Protocol):
    """Something a scope can abort, on the event loop it belongs to."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...

    def abort(self, reason: BaseException) -> None:
        """End at once, without waiting; whoever waits for it gets the reason raised. Again, it does nothing."""


class CancelScope:
    """Aborts whatever is attached to it, from any task or thread. Scopes nest: one aborts what is in those within.

    Attributes:
        parent: the scope around this one.
    """

    def __init__(self, parent: CancelScope | None = None) -> None:
        self.parent = parent
        self._members: set[Abortable] = set()  # threads share it; each access is one atomic operation
        self._why: str | None = None

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._why is not None

    def cancel(self, why: str = "the stream was cancelled") -> None:
        """Close the connections of all streams and calls in the scope, and refuse further ones.

        Whoever waits for one of them gets `StreamCancelled`. May be called from any task and any thread; again, it
        does nothing.
        """
        if self._why is None:
            self._why = why
        while self._members:
            with suppress(KeyError):  # another thread took the last
                self._abort(self._members.pop(), self._why)

    def check_cancelled(self) -> None:
        """Raise `StreamCancelled` if this scope or one around it was cancelled."""
        if self._why is not None:
            raise self._reason(self._why)
        if self.parent is not None:
            self.parent.check_cancelled()

    def attach(self, member: Abortable) -> None:
        """Abort `member` when this scope or one around it is cancelled; at once if it already is."""
        # In this order, so that a `cancel` in another thread sees the member or is seen here.
        self._members.add(member)
        if self._why is not None:
            self._members.discard(member)
            self._abort(member, self._why)
        if self.parent is not None:
            self.parent.attach(member)

    def detach(self, member: Abortable) -> None:
        """Forget `member`, which has ended."""
        self._members.discard(member)
        if self.parent is not None:
            self.parent.detach(member)

    def blame(self, error: BaseException) -> None:
        """Take note that this very scope has raised `error`: a limit of it, or its `cancel`.

        Nobody asks a plain scope for that; see `LimitedScope`.
        """

    def _abort(self, member: Abortable, why: str) -> None:
        reason = self._reason(why)
        if asyncio._get_running_loop() is member.loop:
            member.abort(reason)
        else:
            with suppress(RuntimeError):  # the loop is closed, and its connections are too
                member.loop.call_soon_threadsafe(member.abort, reason)

    def _reason(self, why: str) -> StreamCancelled:
        """Return an error of its own for each who is cancelled: it is raised in a task of its own."""
        reason = StreamCancelled(why)
        self.blame(reason)
        return reason
