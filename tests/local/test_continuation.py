"""A real server goes on with an answer that another one has begun."""

import pytest

import aiollm
from aiollm.testing import ProviderServer, cut, role, tokens

pytestmark = pytest.mark.slow


async def test_llama_cpp_goes_on_in_the_middle_of_a_sentence(built_in: str) -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens(["One, two, three, four,"]), cut()])
        stream = await aiollm.acompletion(
            "openai/scripted",
            [{"role": "user", "content": "Count from one to ten, in words."}],
            stream=True,
            api_base=server.base_url,
            api_key="sk-0",
            temperature=0,
            max_tokens=10,
            mid_stream="continue",
            fallbacks=[f"local/{built_in}"],
        )
        chunks = [chunk async for chunk in stream]
    text = aiollm.stream_chunk_builder(chunks).choices[0].message.content
    assert text.startswith("One, two, three, four, five, six")
    assert [attempt.provider for attempt in stream.attempts] == ["openai", "local"]
