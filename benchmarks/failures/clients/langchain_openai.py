"""LangChain's ``ChatOpenAI``. Its ``stream_chunk_timeout`` is the clock between chunks."""

import openai
from langchain_core.exceptions import LangChainException  # type: ignore[import-not-found]
from langchain_openai import ChatOpenAI, StreamChunkTimeoutError  # type: ignore[import-not-found]

from benchmarks.failures.clients import API_KEY, KEY_HEADER, MODEL, PROMPT, WAIT, Seen


class Client:
    """``ChatOpenAI.astream`` for one base URL."""

    ERRORS = (LangChainException, StreamChunkTimeoutError, openai.OpenAIError)

    def __init__(self, base_url: str, retries: int) -> None:
        self._model = ChatOpenAI(
            model=MODEL,
            base_url=base_url,
            api_key=API_KEY,
            default_headers=KEY_HEADER,
            timeout=WAIT,
            stream_chunk_timeout=WAIT,
            max_retries=retries,
        )

    async def read(self, seen: Seen) -> None:
        async for chunk in self._model.astream(PROMPT):
            if seen.add(chunk.text):
                break
        await seen.go_on()
