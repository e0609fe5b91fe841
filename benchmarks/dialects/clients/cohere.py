"""Cohere's SDK, version 2 of its API."""

from typing import Any

import cohere

from benchmarks.dialects.clients import API_KEY, MODEL, PROMPT


class Client:
    """``AsyncClientV2`` for one address."""

    def __init__(self, address: str) -> None:
        self._cohere: Any = cohere.AsyncClientV2(api_key=API_KEY, base_url=address)

    async def open(self) -> Any:
        return self._cohere.chat_stream(model=MODEL, messages=[{"role": "user", "content": PROMPT}])

    @staticmethod
    def text(event: Any) -> str | None:
        if event.type == "content-delta":
            text: str | None = event.delta.message.content.text
            return text
        return None

    async def close(self, stream: Any) -> None:
        await stream.aclose()

    async def aclose(self) -> None:
        await self._cohere.__aexit__(None, None, None)
