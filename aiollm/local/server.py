"""The servers of this process: one child a file of weights, started at first use and kept to the end.

They belong to the process, not to an event loop: whichever loop or thread asks first starts the child, the others wait
for it without blocking. A fork starts children of its own.
"""

from __future__ import annotations

import asyncio
import atexit
import copy
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from aiollm.exceptions import APIError, ServiceUnavailableError
from aiollm.local.parts import find_package
from aiollm.local.process import ChildProcess, LocalServer
from aiollm.local.progress import ProgressLine
from aiollm.local.weights import find_weights

__all__ = ["serve", "stop_all"]

_POLL_SECONDS = 0.02


class _Start(msgspec.Struct, eq=False):
    """A start under way: one task does it, and every other that wants the same server waits for the outcome."""

    error: APIError | None = None
    over: bool = False
    _waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def wait(self) -> None:
        """Return when the start is over, on whichever loop it runs."""
        end = asyncio.Event()
        self._waiting.append((asyncio.get_running_loop(), end))
        # Looked at after joining the list, for `finish` goes through the list after setting it.
        if not self.over:
            await end.wait()

    def finish(self) -> None:
        """Wake all who wait."""
        self.over = True
        for loop, end in self._waiting:
            # A loop that was closed meanwhile has nobody left to wake.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(end.set)


# Shared by all threads without a lock: every access is one atomic operation on a dictionary.
_children: dict[Path, ChildProcess] = {}
_starts: dict[Path, _Start] = {}


async def serve(model: str, *, threads: int = 1) -> LocalServer:
    """Return the server of a local model, starting it (about 1 s for the built-in one) when it does not run yet.

    Args:
        model: what follows `local/`: `smollm2`, or a path to a GGUF file (see `find_weights`).
        threads: how many threads compute, from 1, if the server is to be started. One is the best for the built-in
            model on a busy machine; larger ones gain from more.

    Raises:
        NotFoundError: no such model or file, or a package is missing; the message says what to install.
        ServiceUnavailableError: the child process ended before it served (the message has its reason), or the system
            is neither Linux nor macOS.

    Cancelling the call that starts the child kills it; another call that waits for it then starts its own.
    """
    weights = find_weights(model)
    while True:
        child = _children.get(weights)
        if child is not None and child.server is not None and child.is_running():
            return child.server
        start = _Start()
        under_way = _starts.setdefault(weights, start)
        if under_way is not start:
            await under_way.wait()
            if under_way.error is not None:
                raise copy.copy(under_way.error)
            continue
        try:
            return await _start(model, weights, threads)
        except APIError as error:
            start.error = error
            raise
        finally:
            # Not there any more in a fork, or the fork's own.
            if _starts.get(weights) is start:
                del _starts[weights]
            start.finish()


async def _start(model: str, weights: Path, threads: int) -> LocalServer:
    """Start the child of `weights` in place of a dead one, unless somebody just did."""
    if os.name != "posix":
        raise ServiceUnavailableError("the embedded model runs on Linux and macOS only", llm_provider="local")
    previous = _children.get(weights)
    if previous is not None:
        if previous.server is not None and previous.is_running():
            return previous.server
        previous.stop()
    child = ChildProcess(model, weights)
    child.start(find_package("xllamacpp").parent, threads)
    _children[weights] = child
    try:
        return await _wait_for(child)
    except BaseException:
        child.stop()
        raise


async def _wait_for(child: ChildProcess) -> LocalServer:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    progress = ProgressLine(f"loading {child.weights.stem} ...")
    try:
        while (server := child.poll()) is None:
            progress.show(loop.time() - begun)
            await asyncio.sleep(_POLL_SECONDS)
        return server
    finally:
        progress.clear()


def stop_all() -> None:
    """Stop every server of this process, waiting for their ends; the next use starts them anew. Runs at exit."""
    for weights in list(_children):
        child = _children.pop(weights, None)
        if child is not None:
            child.stop()


def _forget_after_fork() -> None:
    """Leave the parent's children to the parent."""
    for child in _children.values():
        child.disown()
    _children.clear()
    _starts.clear()


atexit.register(stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
