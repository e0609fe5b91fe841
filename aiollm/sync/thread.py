"""The one event loop, on a thread of its own, that all blocking calls of a process run on."""

from __future__ import annotations

import atexit
import os
import threading

from aiollm.core.runtime import LoopThread

__all__ = ["loop_thread"]


class _Owner:
    """Starts the thread when it is first asked for, and again in a forked child."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None
        # Threads do not survive a fork, and closing the parent's loop here would hang the parent's streams.
        self._inherited: list[LoopThread] = []
        atexit.register(self.stop)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    def get(self) -> LoopThread:
        with self._lock:
            if self._thread is None:
                thread = LoopThread("aiollm-loop")
                thread.start()
                self._thread = thread
            return self._thread

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        if self._thread is not None:
            self._inherited.append(self._thread)
        self._thread = None


_owner = _Owner()


def loop_thread() -> LoopThread:
    """Return the running loop thread.

    Raises:
        RuntimeError: called on that very thread, where a blocking call would wait for itself.
    """
    thread = _owner.get()
    if thread.owns_current_thread():
        raise RuntimeError(
            "a blocking call inside aiollm's own loop would wait for itself: await acompletion() instead"
        )
    return thread
