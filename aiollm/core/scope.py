"""Cancellation that is bound to streams, not to tasks."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiollm.exceptions import StreamCancelled

__all__ = ["Abortable", "CancelScope"]


class Abortable(Protocol):
    """Something a scope can abort."""

    def abort(self, reason: BaseException) -> None:
        """End at once, without waiting; whoever waits for it gets the reason raised."""


class CancelScope:
    """Aborts whatever is attached to it, from any task of its loop or from any thread.

    A stream may be opened in one task, read in a second and cancelled by a third: no task is cancelled, the
    connection is. Pending reads raise `StreamCancelled`.

    Args:
        loop: the event loop of the streams.
        deadline: when the streams must have ended, in the loop's time; None for never.
    """

    __slots__ = ("_members", "_why", "deadline", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, *, deadline: float | None = None) -> None:
        self.loop = loop
        self.deadline = deadline
        self._members: set[Abortable] = set()
        self._why: str | None = None

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._why is not None

    def attach(self, member: Abortable) -> None:
        """Abort `member` when the scope is cancelled; at once if it already is."""
        if self._why is not None:
            member.abort(StreamCancelled(self._why))
        else:
            self._members.add(member)

    def detach(self, member: Abortable) -> None:
        """Forget `member`, which has ended."""
        self._members.discard(member)

    def cancel(self, why: str = "the stream was cancelled") -> None:
        """Abort all members now. Only for the thread of the loop; calling it again does nothing."""
        if self._why is None:
            self._why = why
        while self._members:
            # Each gets an error of its own: it is raised in a task of its own.
            self._members.pop().abort(StreamCancelled(self._why))

    def cancel_threadsafe(self, why: str = "the stream was cancelled") -> None:
        """Abort all members soon, from any thread. Does nothing when the loop is closed: its connections are too."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.cancel, why)
