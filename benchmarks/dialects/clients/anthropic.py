"""Anthropic's SDK: the events as they come, which costs less than its ``messages.stream`` helper."""

from typing import Any

import anthropic

from benchmarks.dialects.clients import API_KEY, MAX_TOKENS, MODEL, PROMPT


class Client:
    """``AsyncAnthropic`` for one address."""

    def __init__(self, address: str) -> None:
        self._anthropic: Any = anthropic.AsyncAnthropic(base_url=address, api_key=API_KEY, max_retries=0)

    async def open(self) -> Any:
        messages = [{"role": "user", "content": PROMPT}]
        return await self._anthropic.messages.create(model=MODEL, messages=messages, max_tokens=MAX_TOKENS, stream=True)

    @staticmethod
    def text(event: Any) -> str | None:
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            text: str = event.delta.text
            return text
        return None

    async def close(self, stream: Any) -> None:
        await stream.close()

    async def aclose(self) -> None:
        await self._anthropic.close()
