"""The official openai SDK over its default transport."""

from typing import Any

import openai

from benchmarks.clients import API_KEY, MESSAGES, MODEL, STREAM_OPTIONS, first_text


class Client:
    """``AsyncOpenAI`` for one base URL."""

    def __init__(self, base_url: str, **options: Any) -> None:
        self._openai: Any = openai.AsyncOpenAI(base_url=base_url, api_key=API_KEY, max_retries=0, **options)

    async def open(self) -> Any:
        return await self._openai.chat.completions.create(
            model=MODEL, messages=MESSAGES, stream=True, stream_options=STREAM_OPTIONS
        )

    text = staticmethod(first_text)

    async def close(self, stream: Any) -> None:
        await stream.close()

    async def whole(self) -> str | None:
        reply = await self._openai.chat.completions.create(model=MODEL, messages=MESSAGES)
        content: str | None = reply.choices[0].message.content
        return content

    async def aclose(self) -> None:
        await self._openai.close()


class BlockingClient:
    """``OpenAI`` for one base URL."""

    def __init__(self, base_url: str) -> None:
        self._openai: Any = openai.OpenAI(base_url=base_url, api_key=API_KEY, max_retries=0)

    def open(self) -> Any:
        return self._openai.chat.completions.create(
            model=MODEL, messages=MESSAGES, stream=True, stream_options=STREAM_OPTIONS
        )

    text = staticmethod(first_text)

    def close(self, stream: Any) -> None:
        stream.close()
