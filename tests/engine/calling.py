"""How these tests call: one model on the scripted server, and the texts that come back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import aiollm
from aiollm import ChunkStream
from aiollm.core.runtime import Runtime
from aiollm.testing import ProviderServer

MESSAGES = [{"role": "user", "content": "Say something."}]
KEY = "sk-test-000"


def arguments(server: ProviderServer, **options: Any) -> dict[str, Any]:
    """The keyword arguments of a call to the server, which is asked once: these tests are about one attempt."""
    given = {"model": "openai/scripted", "messages": MESSAGES, "api_base": server.base_url, "api_key": KEY}
    return given | {"num_retries": 0} | options


async def opened(server: ProviderServer, **options: Any) -> ChunkStream:
    """A stream from the server."""
    return await aiollm.acompletion(**arguments(server, stream=True, **options))


async def answered(server: ProviderServer, **options: Any) -> aiollm.ModelResponse:
    """A whole answer from the server."""
    return await aiollm.acompletion(**arguments(server, **options))


def text_of(chunks: Iterable[aiollm.ModelResponseStream], index: int = 0) -> str:
    """The text of one choice."""
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices if choice.index == index)


async def collected(stream: ChunkStream) -> tuple[list[aiollm.ModelResponseStream], Exception | None]:
    """All chunks of a stream, and the error it ended with."""
    chunks: list[aiollm.ModelResponseStream] = []
    try:
        async for chunk in stream:
            chunks.append(chunk)  # noqa: PERF401  # those before an error are kept
    except Exception as error:  # noqa: BLE001  # it is what the test looks at
        return chunks, error
    return chunks, None


def pool_facts() -> dict[str, int]:
    """The statistics of the running loop's pool."""
    return Runtime.current().pool.statistics()
