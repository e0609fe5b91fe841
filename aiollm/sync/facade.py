"""`completion`: the asynchronous function, run on the loop thread."""

from __future__ import annotations

from typing import Any, cast

from aiollm.api import acompletion
from aiollm.arguments import hidden
from aiollm.calling import ChatCompletion
from aiollm.sync.stream import SyncStream
from aiollm.sync.thread import loop_thread
from aiollm.types.response import ModelResponse

__all__ = ["completion"]


def _typed(function: Any) -> ChatCompletion[SyncStream, ModelResponse]:
    """Give the function the type that its overloads say."""
    return function  # type: ignore[no-any-return]


@_typed
def completion(model: str, messages: Any, **options: Any) -> SyncStream | ModelResponse:
    """Ask a model for a chat completion, and wait for it.

    The arguments and errors are those of `acompletion`; a stream comes back as a `SyncStream`. It may be called from
    any thread, many at a time, and inside a running event loop, which it blocks while it waits.
    """
    for name in ("api_key", "azure_ad_token", "extra_headers"):
        if name in options:
            options[name] = hidden(options[name])
    thread = loop_thread()
    call = acompletion(model, messages, **options)
    if options.get("stream"):
        return SyncStream.open(thread, call)
    return cast("ModelResponse", thread.run(call))
