"""Pydantic AI's ``Agent.run_stream``. It has clocks for a wait, for the first event and for the whole request."""

from openai import AsyncOpenAI
from pydantic_ai import Agent, ModelSettings  # type: ignore[import-not-found]
from pydantic_ai.exceptions import AgentRunError  # type: ignore[import-not-found]
from pydantic_ai.models.openai import OpenAIChatModel  # type: ignore[import-not-found]
from pydantic_ai.providers.openai import OpenAIProvider  # type: ignore[import-not-found]

from benchmarks.failures.clients import API_KEY, DEADLINE, KEY_HEADER, MODEL, PROMPT, WAIT, Seen


class Client:
    """An ``Agent`` for one base URL."""

    ERRORS = (AgentRunError,)

    def __init__(self, base_url: str, retries: int) -> None:
        openai = AsyncOpenAI(base_url=base_url, api_key=API_KEY, default_headers=KEY_HEADER, max_retries=retries)
        self._agent = Agent(
            OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=openai)),
            model_settings=ModelSettings(timeout=WAIT, first_event_timeout=WAIT, request_timeout=DEADLINE),
        )

    async def read(self, seen: Seen) -> None:
        async with self._agent.run_stream(PROMPT) as result:
            async for text in result.stream_text(delta=True):
                if seen.add(text):
                    break
        await seen.go_on()
