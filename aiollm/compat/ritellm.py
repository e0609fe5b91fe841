"""RiteLLM's calls, for code that was written for it: plain dicts come back.

    from aiollm.compat.ritellm import acompletion, completion

Answers and chunks hold no null, so `delta.get("content", "")` is always text. A stream is iterated with a plain `for`,
also the one of `await acompletion(..., stream=True)`: it lives on the background loop thread, so a plain `for` inside a
running event loop gets its chunks. It holds that loop up while it waits for the next one, as any plain `for` must;
`aiollm.acompletion` with `async for` does not.

Errors are aiollm's, and so are the models: any provider's, by its prefix.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from typing import Any, Literal, Protocol, overload

import msgspec

import aiollm
from aiollm.calling import Messages, Stream_co, Whole_co
from aiollm.exceptions import BadRequestError
from aiollm.sync.closed import ClosedAtEnd
from aiollm.sync.stream import SyncStream
from aiollm.sync.thread import loop_thread
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.record import Record
from aiollm.types.shape import JSON

__all__ = ["DictStream", "acompletion", "completion"]

_OWN_ARGUMENTS = ("model", "messages", "stream")


class DictStream(ClosedAtEnd):
    """The chunks of one answer as plain dicts, in a plain `for` loop.

    Leaving the loop closes the connection at once, even while a variable still holds the stream; so do `close()` and
    `with`. `next(stream)` reads one chunk and goes on later.
    """

    def __init__(self, stream: SyncStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[dict[str, Any]]:
        # The `for` statement holds the map, and the map the iterator that closes the stream when it is dropped.
        return map(_plain, self._stream)

    def __next__(self) -> dict[str, Any]:
        return _plain(next(self._stream))

    def close(self) -> None:
        """Close the connection, unless the answer has ended. May be called again."""
        self._stream.close()

    def __repr__(self) -> str:
        return repr(self._stream).replace("SyncStream", "DictStream", 1)


class _Completion(Protocol[Stream_co, Whole_co]):
    """What `completion` and `acompletion` take, and give: `stream` decides which of the two."""

    @overload
    def __call__(
        self,
        model: str,
        messages: Messages,
        *,
        stream: Literal[True],
        temperature: float | None = None,
        max_tokens: int | None = None,
        base_url: str | None = None,
        additional_params: str | None = None,
    ) -> Stream_co: ...

    @overload
    def __call__(
        self,
        model: str,
        messages: Messages,
        *,
        stream: Literal[False] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        base_url: str | None = None,
        additional_params: str | None = None,
    ) -> Whole_co: ...

    @overload
    def __call__(
        self,
        model: str,
        messages: Messages,
        *,
        stream: bool | None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        base_url: str | None = None,
        additional_params: str | None = None,
    ) -> Stream_co | Whole_co: ...


def _blocking(function: Any) -> _Completion[DictStream, dict[str, Any]]:
    return function  # type: ignore[no-any-return]


def _asynchronous(
    function: Any,
) -> _Completion[Coroutine[Any, Any, DictStream], Coroutine[Any, Any, dict[str, Any]]]:
    return function  # type: ignore[no-any-return]


@_blocking
def completion(
    model: str,
    messages: Messages,
    *,
    stream: bool | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    base_url: str | None = None,
    additional_params: str | None = None,
) -> DictStream | dict[str, Any]:
    """Ask a model for a chat completion, and wait for it.

    Args:
        model: "provider/model", as in "openai/gpt-4o-mini".
        messages: chat messages in OpenAI's shape.
        stream: return the chunks as they come instead of the whole answer.
        temperature: the sampling temperature.
        max_tokens: the longest answer, in tokens.
        base_url: the server's address, with or without the path of the chat endpoint at its end.
        additional_params: further parameters as the text of a JSON object, such as '{"top_p": 0.9, "seed": 7}'. They
            win over `temperature` and `max_tokens`; those that OpenAI does not have are sent as they are.

    Returns:
        A `DictStream` when `stream` is true, and then with the first content already there; else the answer as a dict.

    Raises:
        BadRequestError: an argument is wrong; nothing was sent.
        APIError: what `aiollm.completion` raises.
    """
    arguments = _arguments(temperature, max_tokens, base_url, additional_params)
    answer: Any = aiollm.completion(model, messages, stream=stream, **arguments)
    return DictStream(answer) if isinstance(answer, SyncStream) else _plain(answer)


@_asynchronous
async def acompletion(
    model: str,
    messages: Messages,
    *,
    stream: bool | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    base_url: str | None = None,
    additional_params: str | None = None,
) -> DictStream | dict[str, Any]:
    """Ask a model for a chat completion; the arguments, results and errors are those of `completion`.

    A stream is opened without holding up the event loop, and then iterated with a plain `for`. Cancelling closes the
    connection.
    """
    arguments = _arguments(temperature, max_tokens, base_url, additional_params)
    if not stream:
        return _plain(await aiollm.acompletion(model, messages, stream=stream, **arguments))
    thread = loop_thread()
    return DictStream(await SyncStream.aopen(thread, aiollm.acompletion(model, messages, stream=stream, **arguments)))


def _arguments(
    temperature: float | None, max_tokens: int | None, base_url: str | None, additional_params: str | None
) -> dict[str, Any]:
    """Return the arguments of aiollm's own call, besides those that have the same name in both."""
    members = {} if additional_params is None else _object(additional_params)
    for name in _OWN_ARGUMENTS:
        if name in members:
            raise _faulty(f"holds {name!r}, which is an argument of its own")
    return {
        "temperature": temperature,
        "max_tokens": max_tokens,
        "base_url": base_url,
        **{name: value for name, value in members.items() if name in OPENAI_PARAMS},
        "extra_body": {name: value for name, value in members.items() if name not in OPENAI_PARAMS},
    }


def _object(text: Any) -> dict[str, Any]:
    if not isinstance(text, str):
        raise _faulty(f"is a {type(text).__name__}")
    try:
        value: JSON = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise _faulty(f"cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise _faulty("is JSON, but not of an object")
    return value


def _faulty(fault: str) -> BadRequestError:
    return BadRequestError(
        f"additional_params {fault}",
        param="additional_params",
        phase="request",
        hint="""give the text of a JSON object, such as '{"top_p": 0.9}'""",
    )


def _plain(record: Record) -> dict[str, Any]:
    return {name: _without_nulls(value) for name, value in record.model_dump(exclude_none=True).items()}


def _without_nulls(value: JSON) -> Any:
    """Return the value without nulls in what a provider added, whose inside `model_dump` leaves alone."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
