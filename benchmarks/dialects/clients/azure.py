"""The official openai SDK at Azure."""

from typing import Any

import openai

from benchmarks.clients import STREAM_OPTIONS, first_text
from benchmarks.dialects.clients import API_KEY, MAX_TOKENS, MODEL, PROMPT


class Client:
    """``AsyncAzureOpenAI`` for one address."""

    def __init__(self, address: str) -> None:
        self._azure: Any = openai.AsyncAzureOpenAI(
            azure_endpoint=address, api_version="2024-10-21", api_key=API_KEY, max_retries=0
        )

    async def open(self) -> Any:
        messages: list[Any] = [{"role": "user", "content": PROMPT}]
        return await self._azure.chat.completions.create(
            model=MODEL, messages=messages, max_tokens=MAX_TOKENS, stream=True, stream_options=STREAM_OPTIONS
        )

    text = staticmethod(first_text)

    async def close(self, stream: Any) -> None:
        await stream.close()

    async def aclose(self) -> None:
        await self._azure.close()
