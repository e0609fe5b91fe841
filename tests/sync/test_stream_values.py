"""What a blocking stream stands for besides its chunks."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer, cut, done, finish, role, stall, tokens
from tests.engine.calling import arguments, text_of

OPEN = [role(), tokens("so far"), stall()]


def opened(server: ProviderServer, **options: Any) -> aiollm.SyncStream:
    return aiollm.completion(**arguments(server, stream=True, **options))


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


def test_each_of_several_gets_all_that_was_not_read_one_after_the_other() -> None:
    with ProviderServer() as server:
        server.script([role(), tokens("a b c", gap=0.01), finish(), done()])
        stream = opened(server)
        next(stream)
        first, second = stream.tee()
        assert first.final().choices[0].message.content == "a b c"
        assert list(second.text()) == ["a", " b", " c"]
        assert (first.finish_reason, second.closed, stream.finish_reason) == ("stop", True, "stop")
        assert len(server.log) == 1


def test_each_may_be_read_in_a_thread_of_its_own_however_long_the_answer_is() -> None:
    texts: list[str] = []
    with ProviderServer() as server:
        server.script([role(), tokens(["x" * 16_000] * 60), finish(), done()])  # more than the pipe holds
        readers = opened(server).tee(3, max_bytes=64 * 1024)
        threads = [threading.Thread(target=lambda reader=reader: texts.append(text_of(reader))) for reader in readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert texts == ["x" * 960_000] * 3


def test_the_last_of_several_that_is_left_closes_the_connection() -> None:
    with ProviderServer() as server:
        server.script(OPEN)
        first, second = opened(server).tee()
        for _ in first:
            break
        next(second)
        second.close()
        assert server.run(server.wait_for_disconnect(0)).disconnected_by == "client"


def test_dropping_what_is_made_of_a_stream_closes_the_connection() -> None:
    with ProviderServer() as server:
        server.script(OPEN)
        fewer = opened(server).coalesce(ms=20)
        next(fewer)
        del fewer
        assert server.run(server.wait_for_disconnect(0)).disconnected_by == "client"


def test_each_of_several_gets_the_error_and_the_answer_so_far() -> None:
    with ProviderServer() as server:
        server.script([role(), tokens("so far"), cut()])
        for reader in opened(server).tee():
            with pytest.raises(aiollm.StreamInterrupted) as caught:
                list(reader)
            assert caught.value.partial.choices[0].message.content == "so far"


def test_a_stream_that_was_split_says_where_to_read_and_closes_nothing() -> None:
    with ProviderServer() as server:
        server.script([role(), tokens("a b c", gap=0.01), finish(), done()])
        stream = opened(server)
        first, second = stream.tee()
        with pytest.raises(aiollm.StreamCancelled, match="read what that returned"):
            list(stream)
        with pytest.raises(aiollm.StreamCancelled, match="read what that returned"):
            stream.tee()
        stream.close()
        assert text_of(first) == text_of(second) == "a b c"


@pytest.mark.parametrize("mock", [True, False])
def test_an_answer_that_has_come_and_one_that_was_read_are_split_too(mock: bool) -> None:
    with ProviderServer() as server:
        server.reply("a b")
        stream = opened(server, **({"mock_response": "a b"} if mock else {}))
        if not mock:
            assert text_of(stream) == "a b"
        first, second = stream.tee()
        assert text_of(first) == text_of(second) == ("a b" if mock else "")


def test_fewer_chunks_have_the_same_text() -> None:
    with ProviderServer() as server:
        server.script([role(), tokens("a b c d e f", gap=0.005), finish(), done()])
        pieces = list(opened(server).coalesce(ms=60_000).text())
        assert "".join(pieces) == "a b c d e f"
        assert len(pieces) <= 2  # what has come by the time it is read, and the rest


def test_an_argument_out_of_range_is_refused_and_the_stream_goes_on() -> None:
    with ProviderServer() as server:
        server.reply("a b")
        stream = opened(server)
        with pytest.raises(ValueError, match="got 0"):
            stream.tee(0)
        with pytest.raises(ValueError, match="got 0"):
            stream.coalesce(ms=0)
        assert text_of(stream) == "a b"


def test_events_are_split_too() -> None:
    with ProviderServer() as server:
        place: Any = {"api_base": server.base_url, "api_key": "none"}
        first, second = aiollm.responses("Why?", "openai/any", stream=True, **place).tee()
        kinds = [event.type for event in first]
        assert kinds[-1] == "response.completed"
        assert [event.type for event in second] == kinds


def test_how_a_stream_ended_is_told_once() -> None:
    endings: list[str] = []
    with ProviderServer() as server:
        server.script([role(), tokens("a b", gap=0.01), finish(), done()])
        stream = opened(server)
        stream.on_close(lambda outcome: endings.append(outcome.ended))
        list(stream)
        stream.on_close(lambda outcome: endings.append(outcome.ended))
        assert endings == ["complete", "complete"]
