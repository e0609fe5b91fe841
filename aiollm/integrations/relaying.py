"""An answer, piece by piece, on its way to who is served: by the proxy, or by a service that the library is part of."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol

from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import APIError, BudgetExceededError, StreamCancelled
from aiollm.integrations.pieces import Pieces, Written
from aiollm.outbound.failure import Failure, failure_of
from aiollm.outbound.frames import EVENT_STREAM, AnswerWriter, EventWriter

__all__ = ["Delivery", "Opening", "Sender", "head_of", "relay", "send_answer", "told"]

Opening = ChunkStream | Awaitable[ChunkStream]
"""An answer, or the call that is about to give it: then it is left too if the client is, and silence is filled."""

_EXPECTED = (APIError, BudgetExceededError, StreamCancelled)

_logger = logging.getLogger("aiollm.integrations")


class Sender(Protocol):
    """A way to a client on which something can be sent without being waited for."""

    def send(self, frames: bytes) -> bool:
        """Send whole frames, and return whether there is room for more.

        Raises:
            ConnectionError: the client is gone.
        """
        ...

    async def room(self) -> None:
        """Wait until there is room for more.

        Raises:
            ConnectionError: the client is gone.
        """
        ...


class Delivery(Protocol):
    """Where the events of one answer go."""

    @property
    def sender(self) -> Sender | None:
        """Where the frames of a stream that goes on can be sent past `write`, if anywhere."""
        ...

    @property
    def begun(self) -> bool:
        """Whether there is a head: what fails from then on can be told in a frame only."""
        ...

    async def begin(self, headers: Mapping[str, str]) -> object:
        """Take the headers of the answer."""
        ...

    async def write(self, frames: bytes) -> None:
        """Take whole frames, and wait while there is no room for more."""
        ...

    async def end(self, frames: bytes) -> None:
        """Take the last frames."""
        ...


def head_of(writer: AnswerWriter, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a stream of events, with those of its format and further ones, which win."""
    return {**EVENT_STREAM, **writer.headers, **{name.lower(): value for name, value in headers.items()}}


async def send_answer(
    opening: Opening, writer: AnswerWriter, delivery: Delivery, headers: Mapping[str, str]
) -> Failure | None:
    """Send an answer as it comes.

    Args:
        opening: the answer.
        writer: makes events of it.
        delivery: the way to the client.
        headers: what its head says.

    Returns: what failed before anything was sent, to be told with a status of its own; None where that was not so.

    Raises:
        ConnectionError: the client is gone.

    Cancelling closes the connection to the provider, as every end does.
    """
    try:
        answer = opening if isinstance(opening, ChunkStream) else await opening
    except Exception as error:  # noqa: BLE001 - whatever it is, the client is told, and the log has it
        failure = told(error)
        if not delivery.begun:
            return failure
        await delivery.end(writer.fail(failure))
        return None
    async with answer:
        await delivery.begin(headers)
        await relay(Written(answer, writer), writer, delivery, told)
    return None


async def relay(pieces: Pieces, writer: EventWriter, delivery: Delivery, tell: Callable[[Exception], Failure]) -> None:
    """Send the pieces of an answer as they come, and its end.

    Args:
        pieces: the answer's frames.
        writer: writes the frame of a failure.
        delivery: where they go; it has begun.
        tell: returns what the client is told of an error.

    Raises:
        ConnectionError: the client is gone.
    """
    end = pieces.finish
    try:
        while (data := await pieces.next()) is not None:
            await delivery.write(data)
            if (sender := delivery.sender) is not None:
                await pieces.pass_on(sender.send)
                await sender.room()
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001 - the head has gone out: the client can be told in a frame only
        end = partial(writer.fail, tell(error))
    await delivery.end(pieces.rest() + end())


def told(error: Exception) -> Failure:
    """Return what a client is told of an error. The log has what it must not be told: it never has a prompt."""
    failure = failure_of(error)
    if not isinstance(error, _EXPECTED):
        _logger.error("an answer failed in this server", exc_info=error)
    elif failure.status >= 500:
        _logger.warning("%s: %s", type(error).__name__, error)
    return failure
