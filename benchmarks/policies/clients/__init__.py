"""The calls of each library. Both have one shape of call, so one client serves them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from itertools import count
from typing import Any

from benchmarks.clients import API_KEY, MESSAGES, STREAM_OPTIONS, first_text

MODEL = "openai/gpt-4o-mini"
"""One with a price: both libraries look it up."""

GROUP = "fast"
DEPLOYMENTS = 4
SECONDS = 600
RETRIES = 2

AMPLE = {"rpm": 10_000_000, "tpm": 10_000_000_000}
"""Limits that are kept count of, and never reached."""


class Client:
    """Chat completions through a function, each with a seed of its own, so that no answer can be kept for another.

    Args:
        acompletion: the function.
        arguments: what each call passes to it.
    """

    def __init__(self, acompletion: Callable[..., Awaitable[Any]], arguments: Mapping[str, Any]) -> None:
        self._acompletion = acompletion
        self._arguments = {**arguments, "messages": MESSAGES}
        self._seeds = count()

    async def open(self) -> AsyncIterator[Any]:
        stream: AsyncIterator[Any] = await self._acompletion(
            **self._arguments, seed=next(self._seeds), stream=True, stream_options=STREAM_OPTIONS
        )
        return stream

    text = staticmethod(first_text)

    async def close(self, stream: Any) -> None:
        await stream.aclose()

    async def whole(self) -> str | None:
        reply = await self._acompletion(**self._arguments, seed=next(self._seeds))
        content: str | None = reply.choices[0].message.content
        return content


def direct(base_url: str) -> dict[str, Any]:
    """What a call that is not routed passes."""
    return {"model": MODEL, "api_base": base_url, "api_key": API_KEY}


def model_list(base_url: str) -> list[dict[str, Any]]:
    """The deployments of a router."""
    return [
        {
            "model_name": GROUP,
            "litellm_params": {**direct(base_url), **AMPLE},
            "model_info": {"id": f"replica-{number}"},
        }
        for number in range(DEPLOYMENTS)
    ]
