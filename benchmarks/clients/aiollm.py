"""aiollm's module functions."""

from typing import Any

import aiollm
from benchmarks.clients import API_KEY, MESSAGES, MODEL, STREAM_OPTIONS, first_text


class Client:
    """``aiollm.acompletion`` with one base URL."""

    def __init__(self, base_url: str) -> None:
        self._arguments = arguments(base_url)

    async def open(self) -> Any:
        return await aiollm.acompletion(**self._arguments, stream=True, stream_options=STREAM_OPTIONS)

    text = staticmethod(first_text)

    async def close(self, stream: Any) -> None:
        await stream.aclose()

    async def whole(self) -> str | None:
        reply: Any = await aiollm.acompletion(**self._arguments)
        content: str | None = reply.choices[0].message.content
        return content

    async def aclose(self) -> None:
        """Do nothing: connections belong to the event loop and end with it."""


class BlockingClient:
    """``aiollm.completion`` with one base URL."""

    def __init__(self, base_url: str) -> None:
        self._arguments = arguments(base_url)

    def open(self) -> Any:
        return aiollm.completion(**self._arguments, stream=True, stream_options=STREAM_OPTIONS)

    text = staticmethod(first_text)

    def close(self, stream: Any) -> None:
        stream.close()


def arguments(base_url: str) -> dict[str, Any]:
    """What every call passes."""
    return {"model": f"openai/{MODEL}", "messages": MESSAGES, "base_url": base_url, "api_key": API_KEY}
