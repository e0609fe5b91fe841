"""The text and the whole answer of a blocking stream."""

from __future__ import annotations

import asyncio

import pytest

import aiollm
from aiollm.testing import ProviderServer, role, stall, tokens
from tests.engine.calling import arguments


async def test_text_and_final_answer() -> None:
    def read() -> tuple[list[str], str | None]:
        first, second = (aiollm.completion(**arguments(server, stream=True)) for _ in range(2))
        next(second)
        return list(first.text()), second.final().choices[0].message.content

    async with ProviderServer() as server:
        server.reply("all of it")
        assert await asyncio.to_thread(read) == (["all", " of", " it"], "all of it")


async def test_leaving_the_text_closes_the_connection_and_there_is_no_final_answer() -> None:
    def read() -> None:
        stream = aiollm.completion(**arguments(server, stream=True))
        for _ in stream.text():
            break
        with pytest.raises(aiollm.StreamCancelled, match="no whole answer"):
            stream.final()

    async with ProviderServer() as server:
        server.script([role(), tokens("as far"), stall()])
        await asyncio.to_thread(read)
        assert (await server.wait_for_disconnect(0)).disconnected_by == "client"
