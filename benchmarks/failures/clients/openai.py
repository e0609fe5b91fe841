"""The official openai SDK. Its ``timeout`` is for each wait; it has no clock for a whole stream."""

import openai

from benchmarks.failures.clients import API_KEY, KEY_HEADER, MESSAGES, MODEL, WAIT, Seen, first_text


class Client:
    """``AsyncOpenAI`` for one base URL."""

    ERRORS = (openai.OpenAIError,)

    def __init__(self, base_url: str, retries: int) -> None:
        self._openai = openai.AsyncOpenAI(
            base_url=base_url, api_key=API_KEY, default_headers=KEY_HEADER, timeout=WAIT, max_retries=retries
        )

    async def read(self, seen: Seen) -> None:
        stream = await self._openai.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        async for chunk in stream:
            if seen.add(first_text(chunk)):
                break
        await seen.go_on()
