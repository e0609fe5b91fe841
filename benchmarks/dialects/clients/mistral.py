"""Mistral's SDK."""

from typing import Any

from mistralai.client import Mistral

from benchmarks.dialects.clients import API_KEY, MAX_TOKENS, MODEL, PROMPT


class Client:
    """``Mistral`` for one address, its asynchronous side."""

    def __init__(self, address: str) -> None:
        self._mistral: Any = Mistral(api_key=API_KEY, server_url=address)

    async def open(self) -> Any:
        messages = [{"role": "user", "content": PROMPT}]
        return await self._mistral.chat.stream_async(model=MODEL, messages=messages, max_tokens=MAX_TOKENS)

    @staticmethod
    def text(event: Any) -> str | None:
        text: str | None = event.data.choices[0].delta.content
        return text

    async def close(self, stream: Any) -> None:
        await stream.response.aclose()

    async def aclose(self) -> None:
        await self._mistral.__aexit__(None, None, None)
