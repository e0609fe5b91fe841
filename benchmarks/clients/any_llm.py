"""any-llm's client class, which keeps its connections (its functions make a client for every call)."""

from typing import Any

from any_llm import AnyLLM  # type: ignore[import-not-found]

from benchmarks.clients import API_KEY, MESSAGES, MODEL, STREAM_OPTIONS, first_text


class Client:
    """The asynchronous methods of an ``AnyLLM`` for one base URL."""

    def __init__(self, base_url: str) -> None:
        self._any_llm: Any = AnyLLM.create("openai", api_key=API_KEY, api_base=base_url, max_retries=0)

    async def open(self) -> Any:
        return await self._any_llm.acompletion(
            model=MODEL, messages=MESSAGES, stream=True, stream_options=STREAM_OPTIONS
        )

    text = staticmethod(first_text)

    async def close(self, stream: Any) -> None:
        await stream.aclose()

    async def whole(self) -> str | None:
        reply = await self._any_llm.acompletion(model=MODEL, messages=MESSAGES)
        content: str | None = reply.choices[0].message.content
        return content

    async def aclose(self) -> None:
        """Do nothing: the class has no method for it."""


class BlockingClient:
    """The blocking methods of an ``AnyLLM`` for one base URL."""

    def __init__(self, base_url: str) -> None:
        self._any_llm: Any = AnyLLM.create("openai", api_key=API_KEY, api_base=base_url, max_retries=0)

    def open(self) -> Any:
        return self._any_llm.completion(model=MODEL, messages=MESSAGES, stream=True, stream_options=STREAM_OPTIONS)

    text = staticmethod(first_text)

    def close(self, stream: Any) -> None:
        stream.close()
