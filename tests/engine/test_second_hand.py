"""What a stream tells of an answer that comes to it through another one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from aiollm import ChunkStream
from aiollm.testing import ProviderServer, cut, done, role, status, tokens
from tests.engine.calling import KEY, opened

HOW: dict[str, Callable[[ChunkStream], ChunkStream]] = {
    "tee": lambda stream: stream.tee(1)[0],
    "coalesce": lambda stream: stream.coalesce(ms=1),
}


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


@pytest.mark.parametrize("how", HOW)
async def test_it_and_the_one_that_was_handed_on_tell_of_an_end_that_was_inferred(
    how: str, server: ProviderServer
) -> None:
    server.script([role(), tokens("a b"), done()])
    stream = await opened(server)
    other = HOW[how](stream)
    assert not stream.finish_inferred
    await other.final()
    assert (stream.finish_inferred, other.finish_inferred) == (True, True)


@pytest.mark.parametrize("how", HOW)
async def test_it_and_its_chunks_tell_which_model_took_up_what_broke_off(how: str, server: ProviderServer) -> None:
    server.enqueue([role(), tokens("so far"), cut()], status(500))
    elsewhere = {"model": "groq/other", "api_base": server.base_url, "api_key": KEY}
    stream = await opened(server, mid_stream="restart", fallbacks=[elsewhere])
    other = HOW[how](stream)
    chunks = [chunk async for chunk in other]
    assert [chunk._hidden_params["custom_llm_provider"] for chunk in (chunks[0], chunks[-1])] == ["openai", "groq"]
    assert (other.provider, other.model, other.origin.provider) == ("groq", "other", "groq")
    assert {told._hidden_params["custom_llm_provider"] for told in (stream, other)} == {"groq"}


async def test_what_one_reader_notes_beside_its_answer_is_its_own(server: ProviderServer) -> None:
    first, second = (await opened(server)).tee()
    first._hidden_params["note"] = "mine"
    assert "note" not in second._hidden_params
    for stream in (first, second):
        await stream.final()
