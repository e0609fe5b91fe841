"""The built-in model, asked in another format than OpenAI's: its server, llama.cpp's, speaks several."""

from __future__ import annotations

from typing import Any

import pytest

import aiollm
from aiollm.exceptions import ContextWindowExceededError
from aiollm.local.server import serve
from tests.engine.calling import collected, text_of

pytestmark = pytest.mark.slow


async def asked(model: str) -> dict[str, Any]:
    server = await serve(model)
    key = str(server.secret.reveal())
    return {
        "model": f"anthropic/{model}",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hi."}],
        "api_base": server.base_url.removesuffix("/v1"),
        "api_key": key,
        "extra_headers": {"Authorization": f"Bearer {key}"},
        "max_tokens": 16,
        "temperature": 0,
    }


async def test_it_is_asked_as_claude_is(built_in: str) -> None:
    call = await asked(built_in)
    whole = await aiollm.acompletion(**call)
    stream = await aiollm.acompletion(**call, stream=True, stream_options={"include_usage": True})
    chunks, error = await collected(stream)
    assert error is None
    assert text_of(chunks) == whole.choices[0].message.content
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens > 16
    assert stream.finish_reason == whole.choices[0].finish_reason


async def test_a_prompt_that_is_too_long_has_the_class_of_its_error(built_in: str) -> None:
    call = await asked(built_in)
    with pytest.raises(ContextWindowExceededError, match="exceeds the available context size"):
        await aiollm.acompletion(**call | {"messages": [{"role": "user", "content": "x " * 20_000}]})
