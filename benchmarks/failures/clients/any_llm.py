"""any-llm's client class, with the unified exceptions it recommends. It passes its ``timeout`` to the openai SDK."""

from any_llm import AnyLLM  # type: ignore[import-not-found]
from any_llm.exceptions import AnyLLMError  # type: ignore[import-not-found]

from benchmarks.failures.clients import API_KEY, KEY_HEADER, MESSAGES, MODEL, WAIT, Seen, first_text


class Client:
    """The asynchronous methods of an ``AnyLLM`` for one base URL."""

    ERRORS = (AnyLLMError,)

    def __init__(self, base_url: str, retries: int) -> None:
        self._any_llm = AnyLLM.create(
            "openai",
            api_key=API_KEY,
            api_base=base_url,
            unified_exceptions=True,
            default_headers=KEY_HEADER,
            max_retries=retries,
        )

    async def read(self, seen: Seen) -> None:
        stream = await self._any_llm.acompletion(model=MODEL, messages=MESSAGES, stream=True, timeout=WAIT)
        async for chunk in stream:
            if seen.add(first_text(chunk)):
                break
        await seen.go_on()
