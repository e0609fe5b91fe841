"""What belongs to one event loop, and what must not cross a fork.

A pool is bound to the loop it was made on. Each loop gets its own, kept until the loop ends: `asyncio.run` closes
asynchronous generators before it closes the loop, and one generator for each loop waits for just that. So nothing has
to be closed by hand, and several `asyncio.run` in a row, or loops in several threads, never share a connection.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Protocol, TypeVar, cast

from aiollm.core.pool import Pool
from aiollm.exceptions import UnsupportedRuntime, WrongLoopError

__all__ = ["Closable", "LastingThread", "LoopThread", "Runtime", "running_loop"]

T = TypeVar("T")

STOP_SECONDS = 2.0
"""How long a loop thread is waited for when it is stopped."""


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the running event loop.

    Raises:
        UnsupportedRuntime: no asyncio loop is running.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise UnsupportedRuntime(
            "no asyncio event loop is running here; inside trio use trio-asyncio, and without any loop the "
            "blocking functions (aiollm.completion)"
        ) from None


class Closable(Protocol):
    """Something that belongs to one event loop, and has to be closed before it."""

    async def aclose(self) -> None: ...


C = TypeVar("C", bound=Closable)


class Runtime:
    """The pool of one event loop, and what else belongs to it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.pool: Pool = Pool()
        self._kept: dict[object, Closable] = {}
        self._end_of_loop = self._close_at_end()
        _step(self._end_of_loop)

    @classmethod
    def current(cls) -> Runtime:
        """Return the running loop's runtime, made when it is first asked for.

        Raises:
            UnsupportedRuntime: no asyncio loop is running.
            WrongLoopError: the loop was used before a fork, in the parent.
        """
        return cls.of(running_loop())

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Runtime:
        """Return the runtime of the running loop, for those who know which it is.

        Raises:
            WrongLoopError: the loop was used before a fork, in the parent.
        """
        runtime = _runtimes.get(loop)
        if runtime is None:
            _sweep()
            if any(loop is inherited.loop for inherited in _inherited):
                raise WrongLoopError(
                    "this event loop was used before the process was forked, and is the parent's; use a new one, as "
                    "asyncio.run makes it"
                )
            runtime = _runtimes[loop] = cls(loop)
        return runtime

    @staticmethod
    def open_requests() -> int:
        """Return how many requests, of all loops, have a connection or wait for one; their streams are open."""
        return sum(len(runtime.pool.exchanges) for runtime in list(_runtimes.values()))

    def keep(self, owner: object, make: Callable[[], C]) -> C:
        """Return what `make` made for an owner on this loop when it was first asked for; it is closed with the loop."""
        if owner not in self._kept:
            self._kept[owner] = make()
        return cast("C", self._kept[owner])

    async def drop(self, owner: object) -> None:
        """Close what was made for an owner on this loop, if anything was."""
        if owner in self._kept:
            await self._kept.pop(owner).aclose()

    async def _close_at_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            while self._kept:  # in the order made; to be closed some still use others
                await self.drop(next(iter(self._kept)))
            _runtimes.pop(self.loop, None)
            await self.pool.close()


# Kept until the loop ends: a runtime holds its loop, so weak keys would never let go. Threads share it; each access is
# one atomic operation on a dict.
_runtimes: dict[asyncio.AbstractEventLoop, Runtime] = {}
_inherited: list[Runtime] = []  # by a fork; never emptied


def _step(generator: AsyncGenerator[None, None]) -> None:
    """Run the generator to its `yield`, so that the loop knows it and closes it at its end."""
    with suppress(StopIteration):
        generator.asend(None).send(None)


def _sweep() -> None:
    """Let go of loops that were closed without closing their generators."""
    for loop, runtime in list(_runtimes.items()):
        if loop.is_closed() and _runtimes.pop(loop, None) is not None:
            runtime.pool.abandon()


def _abandon_all() -> None:
    for runtime in list(_runtimes.values()):
        runtime.pool.abandon()
    _runtimes.clear()


def _after_fork_in_child() -> None:
    # An inherited session that is closed or collected here takes its sockets out of the epoll object shared with the
    # parent, whose streams then hang. So it is kept, untouched, for ever.
    _inherited.extend(_runtimes.values())
    _runtimes.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_abandon_all)


class LoopThread:
    """An event loop on a daemon thread of its own.

    Args:
        name: the thread's name.
    """

    def __init__(self, name: str) -> None:
        self._ready = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self.loop: asyncio.AbstractEventLoop = asyncio.new_event_loop()

    def start(self) -> None:
        """Start the thread, and return when its loop runs."""
        self._thread.start()
        self._ready.wait()

    def owns_current_thread(self) -> bool:
        """Whether this is called on the loop's own thread, where waiting for it would last for ever."""
        return threading.current_thread() is self._thread

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop, and return at once."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result, in the caller's thread.

        A `KeyboardInterrupt` while waiting cancels the coroutine. A thread that waits while the interpreter ends is not
        woken any more: it could only fail, with a traceback on the terminal.
        """
        task = self.submit(work)
        waited_for: Future[Future[T]] = Future()

        def wake(done: Future[T]) -> None:
            if not self._stopping:
                waited_for.set_result(done)

        task.add_done_callback(wake)
        try:
            return waited_for.result().result()
        except BaseException:
            task.cancel()
            raise

    def stop(self) -> None:
        """Cancel what runs on the loop, close the loop and end the thread; waits 2 s at most."""
        if self._thread.is_alive():
            self._stopping = True
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(STOP_SECONDS)

    def _serve(self) -> None:
        # Closing starts a thread that waits for those of name lookups. From 3.12 on there are none any more, and no
        # thread can be started, by the time the interpreter asks for the end; all else has been closed by then.
        with suppress(RuntimeError), asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            loop = runner.get_loop()
            loop.call_soon(self._ready.set)
            loop.run_forever()


class LastingThread:
    """A loop thread that is started when it is first asked for, and again in a forked child.

    Args:
        name: the thread's name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None
        # Threads do not survive a fork, and closing the parent's loop here would hang the parent's streams.
        self._inherited: list[LoopThread] = []
        atexit.register(self.stop)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    def get(self) -> LoopThread:
        """Return the thread, which runs."""
        with self._lock:
            if self._thread is None:
                thread = LoopThread(self._name)
                thread.start()
                self._thread = thread
            return self._thread

    def stop(self) -> None:
        """End the thread, as the interpreter does at its end."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        if self._thread is not None:
            self._inherited.append(self._thread)
        self._thread = None
