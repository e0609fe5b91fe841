"""The one event loop, on a thread of its own, that all blocking calls of a process run on."""

from __future__ import annotations

from aiollm.core.runtime import LastingThread, LoopThread

__all__ = ["loop_thread"]

_owner = LastingThread("aiollm-loop")


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
