"""Several streams of one answer."""

# The source of a stream, which users do not see, is shared by the engine.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from aiollm.engine.broadcast import Broadcast, SlowReaders
from aiollm.engine.handed_on import hand_on
from aiollm.exceptions import WrongLoopError

if TYPE_CHECKING:  # whose method this is
    from aiollm.engine.stream import AnswerStream

__all__ = ["TEE_BYTES", "tee"]

Stream = TypeVar("Stream", bound="AnswerStream[Any, Any]")

TEE_BYTES = 4 * 1024 * 1024
"""How many bytes of the body a reader may be behind where nothing is said."""


def tee(stream: Stream, count: int, slow: SlowReaders, max_bytes: int) -> tuple[Stream, ...]:
    """Return streams of the same answer, as `AnswerStream.tee` describes them."""
    if type(count) is not int or count < 1:
        raise ValueError(f"tee needs a number of readers from 1; got {count!r}")
    if slow not in get_args(SlowReaders):
        raise ValueError(f'slow must be "wait" or "drop"; got {slow!r}')
    if max_bytes < 1:
        raise ValueError(f"max_bytes must be above 0; got {max_bytes!r}")
    source = stream._source
    if asyncio._get_running_loop() is not source.loop:
        raise WrongLoopError("a stream is split on its own event loop, while that is running")
    broadcast = Broadcast(hand_on(stream), slow, max_bytes)
    readers = tuple(broadcast.join(source.call) for _ in range(count))
    broadcast.start()
    return readers
