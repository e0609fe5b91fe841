"""LiteLLM's ``acompletion``. Its clock of a whole stream is the variable LITELLM_MAX_STREAMING_DURATION_SECONDS."""

import litellm  # type: ignore[import-not-found]
import openai

from benchmarks.failures.clients import API_KEY, KEY_HEADER, MESSAGES, MODEL, WAIT, Seen, first_text


class Client:
    """``litellm.acompletion`` with one base URL."""

    ERRORS = (openai.OpenAIError,)  # the bases of its own, as it documents

    def __init__(self, base_url: str, retries: int) -> None:
        self._arguments = {
            "model": f"openai/{MODEL}",
            "messages": MESSAGES,
            "api_base": base_url,
            "api_key": API_KEY,
            "extra_headers": KEY_HEADER,
            "timeout": WAIT,
            "stream_timeout": WAIT,
            "max_retries": retries,
        }

    async def read(self, seen: Seen) -> None:
        stream = await litellm.acompletion(**self._arguments, stream=True)
        async for chunk in stream:
            if seen.add(first_text(chunk)):
                break
        await seen.go_on()
