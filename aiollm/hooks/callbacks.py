"""LiteLLM's callbacks, over the events of a call: `CustomLogger`, and plain functions for success and failure.

The names of methods and of their keywords, and what is in `kwargs`, are LiteLLM's
(https://docs.litellm.ai/docs/observability/custom_callback). Other than there, a callback hears of every call once: a
stream that is left before its end is a failure with the answer so far, and an error is the one that the caller got.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import iscoroutinefunction
from traceback import format_exception
from typing import Any

from aiollm.engine.builder import estimated_usage
from aiollm.exceptions import StreamCancelled
from aiollm.hooks.events import CallEnded, CallFacts, CallStarted, Event, FirstContent
from aiollm.hooks.sink import Sink
from aiollm.hooks.standard_logging import standard_logging_object

__all__ = ["CustomLogger", "callbacks"]

_CALL_TYPES = {"chat": "acompletion", "responses": "aresponses", "embeddings": "aembedding"}


class CustomLogger:
    """A base class whose methods hear of calls, as LiteLLM's does. An object of it is a hook: `Client(hooks=[it])`.

    Override what you need. Of an ending, the asynchronous method is called where there is one of your own, and else the
    plain one, which runs in the middle of the call and must be quick. All are called with keywords. `kwargs` has
    `model`, `messages`, `optional_params`, `litellm_params` (with `metadata`), `stream`, `call_type`,
    `litellm_call_id`, `custom_llm_provider`, `start_time`; and at the end `end_time`, `completion_start_time`,
    `response_cost`, `cache_hit`, `exception`, `traceback_exception`, `complete_streaming_response`,
    `standard_logging_object`. Never a key. The usage of a stream that the provider did not count is estimated, and says
    so (`usage["estimated"]`); the cost is then None.
    """

    def log_pre_api_call(self, model: str, messages: Any, kwargs: dict[str, Any]) -> None:
        """Hear that a call begins."""

    def log_post_api_call(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        """Hear that the first content has come."""

    def log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        """Hear of a whole answer; that of a stream is put together."""

    def log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        """Hear of a call that failed or was left; `response_obj` is the answer so far, or None."""

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        """Hear of a whole answer, and take the time that is needed."""

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        """Hear of a call that failed or was left, and take the time that is needed."""

    def offer(self, event: Event, loop: asyncio.AbstractEventLoop) -> None:
        """Take an event, as hooks do."""
        if isinstance(event, CallStarted):
            self.log_pre_api_call(model=event.call.model, messages=_messages(event.call), kwargs=_kwargs(event.call))
        elif isinstance(event, FirstContent):
            began = _started(event.call)
            self.log_post_api_call(
                kwargs=_kwargs(event.call),
                response_obj=None,
                start_time=began,
                end_time=began + timedelta(seconds=event.seconds),
            )
        elif isinstance(event, CallEnded):
            ending = "success" if event.ended == "complete" else "failure"
            if getattr(type(self), f"async_log_{ending}_event") is getattr(CustomLogger, f"async_log_{ending}_event"):
                getattr(self, f"log_{ending}_event")(**_told(event))
            else:
                self._sink.offer(event, loop)

    @property
    def _sink(self) -> Sink:
        # Classes of users need not call `super().__init__()`.
        sink: Sink | None = self.__dict__.get("_own_sink")
        return self.__dict__.setdefault("_own_sink", Sink(self._log)) if sink is None else sink

    async def _log(self, event: CallEnded) -> None:
        log = self.async_log_success_event if event.ended == "complete" else self.async_log_failure_event
        await log(**_told(event))

    async def drain(self) -> None:
        """Wait until the asynchronous methods have heard all that this event loop's calls have told."""
        await self._sink.drain()


Callback = Callable[[dict[str, Any], Any, datetime, datetime], Any]
"""Gets `kwargs`, the response, when the call began and when it ended."""


def callbacks(
    success: Iterable[Callback] = (),
    failure: Iterable[Callback] = (),
    input: Iterable[Callable[[dict[str, Any]], Any]] = (),
) -> list[Any]:
    """Return hooks for LiteLLM's `success_callback`, `failure_callback` and `input_callback`.

        client = aiollm.Client(hooks=aiollm.callbacks(success=[track_cost], failure=[page_somebody]))

    Args:
        success: functions that hear of whole answers, plain or asynchronous.
        failure: those that hear of calls that failed or were left.
        input: those that get the `kwargs` of calls that begin.

    Raises:
        TypeError: one is no function. LiteLLM's names of services are not known here.
    """
    chosen: list[tuple[Callable[..., Any], _Calls]] = [
        *((callback, partial(_call_at_end, True)) for callback in success),
        *((callback, partial(_call_at_end, False)) for callback in failure),
        *((callback, _call_at_start) for callback in input),
    ]
    for callback, _ in chosen:
        if not callable(callback):
            raise TypeError(f"a callback must be a function or a CustomLogger's method; got {callback!r:.80}")
    return [
        Sink(partial(_call_later, call, callback)) if iscoroutinefunction(callback) else partial(call, callback)
        for callback, call in chosen
    ]


_Calls = Callable[[Callable[..., Any], Event], Any]
"""Calls a callback if an event is for it, and returns what that returns."""


def _call_at_end(whole: bool, callback: Callback, event: Event) -> Any:
    if isinstance(event, CallEnded) and (event.ended == "complete") == whole:
        told = _told(event)
        return callback(told["kwargs"], told["response_obj"], told["start_time"], told["end_time"])
    return None


def _call_at_start(callback: Callable[[dict[str, Any]], Any], event: Event) -> Any:
    return callback(_kwargs(event.call)) if isinstance(event, CallStarted) else None


async def _call_later(call: _Calls, callback: Callable[..., Awaitable[Any]], event: Event) -> None:
    called = call(callback, event)
    if called is not None:
        await called


# -- what they are called with


def _started(call: CallFacts) -> datetime:
    return datetime.fromtimestamp(call.started_at, UTC).astimezone()


def _messages(call: CallFacts) -> Any:
    return call.messages or call.params.get("input")


def _kwargs(call: CallFacts) -> dict[str, Any]:
    """Return what is known of a call from its beginning."""
    return {
        "model": call.model,
        "messages": _messages(call),
        "input": _messages(call),
        "optional_params": dict(call.params),
        "litellm_params": {"metadata": dict(call.metadata), "api_base": call.url, "litellm_call_id": call.id},
        "litellm_call_id": call.id,
        "call_type": _CALL_TYPES[call.api],
        "custom_llm_provider": call.provider,
        "stream": call.stream,
        "start_time": _started(call),
        "additional_args": {},
    }


def _told(event: CallEnded) -> dict[str, Any]:
    """Return the keywords of a callback at the end of a call."""
    began = _started(event.call)
    ended = began + timedelta(seconds=event.elapsed)
    complete = event.ended == "complete"
    error = event.error
    if error is None and not complete:
        error = StreamCancelled("the stream was left before its end")
    first = None if event.first_token is None else began + timedelta(seconds=event.first_token)
    response = event.response
    if complete and event.call.api == "chat" and event.call.stream and response.usage is None:
        response.usage = estimated_usage(event.call.messages, response.choices[0].message.content or "")
    of_start = _kwargs(event.call)
    kwargs = {
        **of_start,
        "model": event.model,
        "custom_llm_provider": event.provider,
        "end_time": ended,
        "completion_start_time": first,
        "response_cost": event.cost,
        "cache_hit": event.cache_hit,
        "exception": error,
        "traceback_exception": "".join(format_exception(error)) if error else None,
        "standard_logging_object": standard_logging_object(
            event, of_start["call_type"], of_start["messages"], response, error
        ),
        "complete_streaming_response": response if complete and event.call.stream else None,
        "async_complete_streaming_response": response if complete and event.call.stream else None,
    }
    return {"kwargs": kwargs, "response_obj": response, "start_time": began, "end_time": ended}
