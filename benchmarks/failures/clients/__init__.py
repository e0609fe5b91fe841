"""One short file a library: a client, and the loop that reads a stream, as the library's own pages write them.

Every clock a library documents for a stream is set: ``WAIT`` for a wait, ``DEADLINE`` for the whole call. Retries are
off but where a scenario allows one. ``ERRORS`` are the classes that the library documents for its callers.
"""

import asyncio
import time
from typing import Any, ClassVar, Protocol

MODEL = "scripted"
API_KEY = "not-a-real-key"
KEY_HEADER = {"x-api-key": "not-a-real-key-either"}
PROMPT = "Say something about foxes."
MESSAGES: list[Any] = [{"role": "user", "content": PROMPT}]

WAIT = 1.5
"""Seconds: the clock of each wait, where a library has one."""

DEADLINE = 5.0
"""Seconds: the clock of the whole call, where a library has one."""


BOUND = 8.0
"""Seconds after which a stream hangs: more than every clock that is set."""

SOON = 1.0
"""Seconds within which the provider must see that the reader left."""


class Seen:
    """What a client saw of one stream.

    Args:
        enough: how many pieces of text are wanted; None for all.
        stop: whether the loop is left when they have come.
        lives_on: seconds for which the function that left the loop goes on with other work.

    Attributes:
        pieces: the text, as it came.
        enough_came: when the wanted pieces had come, by ``time.monotonic()``.
    """

    def __init__(self, enough: int | None = None, *, stop: bool = True, lives_on: float = 0.0) -> None:
        self.pieces: list[str] = []
        self.enough_came: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._enough = enough
        self._stop = stop
        self._lives_on = lives_on

    def add(self, text: str | None) -> bool:
        """Take the text of a chunk, and tell whether to leave the loop."""
        if text:
            self.pieces.append(text)
        if self._enough is None or len(self.pieces) < self._enough:
            return False
        if not self.enough_came.done():
            self.enough_came.set_result(time.monotonic())
        return self._stop

    async def go_on(self) -> None:
        """Do other work, with whatever variables the caller still has."""
        await asyncio.sleep(self._lives_on)


class Client(Protocol):
    """What the matrix needs of a library."""

    ERRORS: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, base_url: str, retries: int) -> None: ...

    async def read(self, seen: Seen) -> None:
        """Read one stream to its end, or until it is enough."""


def first_text(chunk: Any) -> str | None:
    """``chunk.choices[0].delta.content``; a chunk may have no choice."""
    return chunk.choices[0].delta.content if chunk.choices else None
