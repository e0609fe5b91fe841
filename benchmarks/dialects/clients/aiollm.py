"""``aiollm.acompletion``, told the wire format by the model's prefix."""

from typing import Any

import aiollm
from benchmarks.clients import STREAM_OPTIONS, first_text
from benchmarks.dialects.clients import API_KEY, MAX_TOKENS, MODEL, PROMPT

ARGUMENTS: dict[str, dict[str, Any]] = {
    "anthropic": {"model": f"anthropic/{MODEL}"},
    "gemini": {"model": f"gemini/{MODEL}", "api_base": "/v1beta"},
    "converse": {"model": f"bedrock/{MODEL}", "aws_region_name": "eu-west-1"},
    "cohere": {"model": f"cohere/{MODEL}"},
    "mistral": {"model": f"mistral/{MODEL}", "api_base": "/v1"},
    "ollama": {"model": f"ollama/{MODEL}"},
    "responses": {"model": f"openai/responses/{MODEL}", "api_base": "/v1"},
    "azure": {"model": f"azure/{MODEL}", "api_version": "2024-10-21"},
}
"""By wire format: how it is asked for; the base URL is what follows the upstream's address."""


class Client:
    """One wire format of aiollm at one address."""

    def __init__(self, address: str, dialect: str) -> None:
        known = ARGUMENTS[dialect]
        self._arguments: dict[str, Any] = known | {"api_base": address + known.get("api_base", "")}
        self._arguments |= {"api_key": API_KEY, "max_tokens": MAX_TOKENS, "stream_options": STREAM_OPTIONS}

    async def open(self) -> Any:
        messages: list[Any] = [{"role": "user", "content": PROMPT}]
        return await aiollm.acompletion(messages=messages, stream=True, **self._arguments)

    text = staticmethod(first_text)

    async def close(self, stream: Any) -> None:
        await stream.aclose()

    async def aclose(self) -> None:
        """Do nothing: connections belong to the event loop and end with it."""
