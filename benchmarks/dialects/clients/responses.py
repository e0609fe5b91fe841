"""The official openai SDK on the Responses API: the events as they come."""

from typing import Any

import openai

from benchmarks.dialects.clients import API_KEY, MODEL, PROMPT


class Client:
    """``AsyncOpenAI`` for one address."""

    def __init__(self, address: str) -> None:
        self._openai: Any = openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=API_KEY, max_retries=0)

    async def open(self) -> Any:
        return await self._openai.responses.create(model=MODEL, input=PROMPT, stream=True)

    @staticmethod
    def text(event: Any) -> str | None:
        if event.type == "response.output_text.delta":
            text: str = event.delta
            return text
        return None

    async def close(self, stream: Any) -> None:
        await stream.close()

    async def aclose(self) -> None:
        await self._openai.close()
