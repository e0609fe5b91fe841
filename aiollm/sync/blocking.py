"""An asynchronous call, run on the loop thread while the caller's thread waits for it.

Who calls has hidden what may be secret among the options: a traceback that captures locals would show it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiollm.sync.stream import BlockingStream
from aiollm.sync.thread import loop_thread

__all__ = ["wait_for", "wait_for_stream"]

Answer = TypeVar("Answer")
Stream = TypeVar("Stream", bound=BlockingStream[Any, Any])


def wait_for(ask: Callable[..., Coroutine[Any, Any, Answer]], *arguments: Any, **options: Any) -> Answer:
    """Return what an asynchronous function returns, and raise what it raises."""
    return loop_thread().run(ask(*arguments, **options))


def wait_for_stream(
    kind: type[Stream], ask: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any, **options: Any
) -> Stream | Any:
    """Return the blocking stream of an asynchronous function, or its whole answer when no stream is asked for."""
    thread = loop_thread()  # first: a coroutine that is made, and then not run, is warned of
    call = ask(*arguments, **options)
    return kind.open(thread, call) if options.get("stream") else thread.run(call)
