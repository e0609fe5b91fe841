"""LiteLLM's module functions."""

from typing import Any

import litellm  # type: ignore[import-not-found]

from benchmarks.clients import API_KEY, MESSAGES, MODEL, STREAM_OPTIONS, first_text


class Client:
    """``litellm.acompletion`` with one base URL."""

    def __init__(self, base_url: str) -> None:
        self._arguments: dict[str, Any] = arguments(base_url)

    async def open(self) -> Any:
        return await litellm.acompletion(**self._arguments, stream=True, stream_options=STREAM_OPTIONS)

    text = staticmethod(first_text)

    async def close(self, stream: Any) -> None:
        await stream.aclose()

    async def whole(self) -> str | None:
        reply: Any = await litellm.acompletion(**self._arguments)
        content: str | None = reply.choices[0].message.content
        return content

    async def aclose(self) -> None:
        await litellm.close_litellm_async_clients()


class BlockingClient:
    """``litellm.completion`` with one base URL."""

    def __init__(self, base_url: str) -> None:
        self._arguments: dict[str, Any] = arguments(base_url)

    def open(self) -> Any:
        return litellm.completion(**self._arguments, stream=True, stream_options=STREAM_OPTIONS)

    text = staticmethod(first_text)

    def close(self, stream: Any) -> None:
        stream.close()


def arguments(base_url: str) -> dict[str, Any]:
    """What every call passes."""
    return {
        "model": f"openai/{MODEL}",
        "messages": MESSAGES,
        "api_base": base_url,
        "api_key": API_KEY,
        "max_retries": 0,
    }
