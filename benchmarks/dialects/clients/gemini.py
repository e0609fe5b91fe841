"""Google's SDK."""

from typing import Any

from google import genai

from benchmarks.dialects.clients import API_KEY, MODEL, PROMPT


class Client:
    """``genai.Client`` for one address, its asynchronous side."""

    def __init__(self, address: str) -> None:
        self._genai: Any = genai.Client(api_key=API_KEY, http_options={"base_url": address})

    async def open(self) -> Any:
        return await self._genai.aio.models.generate_content_stream(model=MODEL, contents=PROMPT)

    @staticmethod
    def text(chunk: Any) -> str | None:
        text: str | None = chunk.text
        return text

    async def close(self, stream: Any) -> None:
        await stream.aclose()

    async def aclose(self) -> None:
        await self._genai.aio.aclose()
