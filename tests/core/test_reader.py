from __future__ import annotations

from gzip import compress

import pytest

from aiollm.core.reader import FrameReader
from aiollm.core.transport import Exchange
from aiollm.exceptions import APIConnectionError, EventTooLarge
from aiollm.testing import ProviderServer, bomb, bytewise, comment, event, fin, gzip, headers, raw, stall
from aiollm.types.timeouts import Timeouts
from aiollm.wire.sse import SSEFramer
from tests.core.exchanging import sent


async def opened(server: ProviderServer, timeouts: Timeouts | None = None) -> tuple[Exchange, FrameReader]:
    reply = await sent(server, timeouts)
    return reply, FrameReader(reply, SSEFramer())


async def frames_of(reply: Exchange, reader: FrameReader) -> list[bytes]:
    data = []
    while not reader.at_end:
        data += [frame.data for frame in reader.peeked() or reader.frames(await reply.read())]
    return data


async def test_a_body_becomes_frames_up_to_its_end() -> None:
    async with ProviderServer() as server:
        server.script([event("one"), stall(0.01), event("two"), fin()])
        reply, reader = await opened(server)
        assert await frames_of(reply, reader) == [b"one", b"two"]
        assert reader.at_end
        assert reader.bytes == len(b"data: one\n\ndata: two\n\n")


async def test_an_unterminated_last_event_is_given() -> None:
    async with ProviderServer() as server:
        server.script([event("{}"), raw(b'data: {"a": 1}')])
        assert await frames_of(*await opened(server)) == [b"{}", b'{"a": 1}']


async def test_peeking_takes_nothing_away() -> None:
    async with ProviderServer() as server:
        server.script(bytewise(raw(b" \n\n"), comment("beat"), event("one")))
        reply, reader = await opened(server)
        assert await reader.peek() == b":"
        assert await reader.peek() == b":"
        assert await frames_of(reply, reader) == [b"one"]


async def test_peeking_at_nothing_finds_nothing() -> None:
    async with ProviderServer() as server:
        server.script([headers(), raw(b" \r\n "), fin()])
        _, reader = await opened(server)
        assert await reader.peek() == b""
        assert (await reader.rest(100)).strip() == b""


async def test_peeking_through_white_space_without_end_keeps_none_of_it() -> None:
    async with ProviderServer() as server:
        server.script([headers(), *[raw(b"\n" * 1_000_000)] * 20, event("one"), fin()])
        reply, reader = await opened(server, Timeouts(first_token=20))
        assert await reader.peek() == b"d"
        assert len(reader._first) < 1_000_000
        assert await frames_of(reply, reader) == [b"one"]


async def test_the_rest_is_what_was_peeked_at_and_all_after_it() -> None:
    async with ProviderServer() as server:
        server.script([raw(b'{"a": '), stall(0.01), raw(b"1}")])
        _, reader = await opened(server)
        assert await reader.peek() == b"{"
        assert await reader.rest(100) == b'{"a": 1}'


async def test_compressed_frames_come_as_they_are_sent() -> None:
    async with ProviderServer() as server:
        server.script([gzip(event("one"), stall(0.02), event("two"))])
        reply, reader = await opened(server)
        assert [frame.data for frame in reader.frames(await reply.read())] == [b"one"]
        assert await frames_of(reply, reader) == [b"two"]


async def test_what_came_before_damaged_compression_is_read_first() -> None:
    async with ProviderServer() as server:
        damaged = compress(b"data: one\n\n") + b"no gzip"
        server.script([headers({"Content-Encoding": "gzip"}), raw(damaged), fin()])
        _, reader = await opened(server)
        assert await reader.peek() == b"d"
        frames = reader.peeked()
        assert frames is not None
        assert next(frames).data == b"one"
        with pytest.raises(APIConnectionError, match="not valid gzip"):
            next(frames)


async def test_the_rest_of_a_damaged_body_is_what_came_before_if_it_may_be_cut() -> None:
    async with ProviderServer() as server:
        server.script([headers({"Content-Encoding": "gzip"}), raw(compress(b"<html>") + b"no gzip"), fin()])
        _, reader = await opened(server)
        assert await reader.peek() == b"<"
        assert await reader.rest(100, cut=True) == b"<html>"
        _, reader = await opened(server)
        await reader.peek()
        with pytest.raises(APIConnectionError, match="not valid gzip"):
            await reader.rest(100)


async def test_a_bomb_is_refused_before_it_grows() -> None:
    async with ProviderServer() as server:
        server.script(bomb(400 * 1024 * 1024))
        reply, reader = await opened(server)
        with pytest.raises(EventTooLarge):
            await frames_of(reply, reader)
        assert reader.bytes < 500_000
