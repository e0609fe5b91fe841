"""Who hears events: functions, asynchronous functions, and objects that are one or the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from inspect import iscoroutinefunction
from typing import Any, Protocol

from aiollm.hooks.events import Event
from aiollm.hooks.sink import Sink

__all__ = ["Hook", "Listener", "checked_hooks", "tell"]

_logger = logging.getLogger("aiollm")


class Listener(Protocol):
    """An object that hears events, and looks after its own time."""

    def offer(self, event: Event, loop: asyncio.AbstractEventLoop) -> None:
        """Take an event, from whichever thread, and return at once.

        Args:
            event: what is told.
            loop: the event loop of the call.
        """


Hook = Callable[[Any], None] | Callable[[Any], Awaitable[Any]] | Listener
"""A function that gets each event, plain and quick or asynchronous; or an object with `offer`."""


class _Plain:
    """A function that is called where something happens, in the middle of the call."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def offer(self, event: Event, loop: asyncio.AbstractEventLoop) -> None:
        self._function(event)


def checked_hooks(hooks: Any) -> tuple[Listener, ...]:
    """Return hooks as listeners; an asynchronous function gets a queue.

    Raises:
        TypeError: something is no hook.
    """
    if callable(hooks) or not hasattr(hooks, "__iter__"):
        raise TypeError(f"hooks must be a list of functions or of objects such as aiollm.Sink; got {hooks!r:.80}")
    return tuple(map(_listener, hooks))


def _listener(hook: Any) -> Listener:
    if isinstance(hook, type):
        raise TypeError(f"a hook is an object, not its class: {hook.__name__}()")
    if hasattr(hook, "offer"):
        return hook  # type: ignore[no-any-return]
    if iscoroutinefunction(hook) or iscoroutinefunction(getattr(hook, "__call__", None)):  # noqa: B004
        return Sink(hook)
    if callable(hook):
        return _Plain(hook)
    raise TypeError(f"a hook must be a function that takes an event, or an object with `offer`; got {hook!r:.80}")


def tell(hooks: Iterable[Listener], event: Event, loop: asyncio.AbstractEventLoop) -> None:
    """Let all hooks hear an event. What one raises is logged."""
    for hook in hooks:
        try:
            hook.offer(event, loop)
        except Exception:
            # The call goes its own way, which a hook must not change.
            _logger.exception("a hook failed")
