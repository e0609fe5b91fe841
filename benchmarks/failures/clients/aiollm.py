"""aiollm's ``acompletion``."""

import aiollm
from benchmarks.failures.clients import API_KEY, KEY_HEADER, MESSAGES, MODEL, WAIT, Seen, first_text


class Client:
    """``aiollm.acompletion`` with one base URL."""

    ERRORS = (aiollm.APIError,)

    def __init__(self, base_url: str, retries: int) -> None:
        self._arguments = {
            "model": f"openai/{MODEL}",
            "messages": MESSAGES,
            "base_url": base_url,
            "api_key": API_KEY,
            "extra_headers": KEY_HEADER,
            "timeout": WAIT,
            "num_retries": retries,
        }

    async def read(self, seen: Seen) -> None:
        stream = await aiollm.acompletion(**self._arguments, stream=True)
        async for chunk in stream:
            if seen.add(first_text(chunk)):
                break
        await seen.go_on()
