"""Ollama's SDK."""

from typing import Any

import ollama

from benchmarks.dialects.clients import MODEL, PROMPT


class Client:
    """``AsyncClient`` for one address."""

    def __init__(self, address: str) -> None:
        self._ollama: Any = ollama.AsyncClient(host=address)

    async def open(self) -> Any:
        return await self._ollama.chat(MODEL, [{"role": "user", "content": PROMPT}], stream=True)

    @staticmethod
    def text(part: Any) -> str | None:
        text: str | None = part.message.content
        return text

    async def close(self, stream: Any) -> None:
        await stream.aclose()

    async def aclose(self) -> None:
        await self._ollama.close()
