from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Any

import aiohttp
import pytest

from aiollm.testing import Exchange, ProviderServer, Step, headers, raw, reply, role, silence, stall, status, tokens
from tests.testing.raw_client import CHAT, connected, request_bytes

PROMPT = 0.5  # seconds: far below every wait in the scripts, far above what a busy machine adds
SCRIPTS: dict[str, Any] = {
    "silence": silence(),
    "stall_after_tokens": [tokens("a b"), stall()],
    "stall_with_heartbeats": stall(heartbeat=10),
    "gap": tokens("a b", gap=30),
    "drain": raw(b"x" * 50_000_000),
}


@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_client_that_leaves_is_seen_at_once(script: str) -> None:
    async with ProviderServer() as server:
        server.script(SCRIPTS[script])
        async with connected(server) as connection:
            connection.send(request_bytes())
            await server.wait_for_request()
            if script != "drain":
                await asyncio.sleep(0.01)
            else:
                connection.transport.pause_reading()
                await asyncio.sleep(0.05)
            left_at = time.monotonic()
        request = await server.wait_for_disconnect(timeout=1)
        assert request.disconnected_by == "client"
        assert request.disconnected_at is not None
        assert 0 <= request.disconnected_at - left_at < PROMPT
        assert request.finished_at is None
        assert server.open_connections == 0


async def test_a_fin_and_a_reset_are_told_apart() -> None:
    async with ProviderServer() as server:
        server.script([headers(), stall()])
        for linger in (None, struct.pack("ii", 1, 0)):
            async with connected(server) as connection:
                connection.send(request_bytes())
                await connection.until(b"\r\n\r\n")
                if linger is not None:
                    handle = connection.transport.get_extra_info("socket")
                    handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        assert (await server.wait_for_disconnect(0)).disconnected_how == "fin"
        assert (await server.wait_for_disconnect(1)).disconnected_how == "rst"


async def test_a_write_that_meets_an_unread_fin_is_no_reset() -> None:
    with socket.socket() as client:

        async def run(exchange: Exchange) -> None:
            client.close()
            await exchange.body(b"x")
            await exchange.wait(None)

        async with ProviderServer() as server:
            server.script(Step("leave()", run))
            client.connect(("127.0.0.1", server.port))
            client.sendall(request_bytes())
            request = await server.wait_for_disconnect()
            assert (request.disconnected_by, request.disconnected_how) == ("client", "fin")


async def test_a_slow_reader_gets_everything() -> None:
    async with ProviderServer() as server:
        server.script(raw(b"x" * 20_000_000))
        async with connected(server) as connection:
            connection.transport.pause_reading()
            connection.send(request_bytes(head="Connection: close\r\n"))
            request = await server.wait_for_request()
            await asyncio.sleep(0.01)
            assert request.finished_at is None
            connection.transport.resume_reading()
            answer = await connection.answer()
    assert len(answer.body) == 20_000_000
    assert answer.ended_cleanly


async def test_what_was_written_before_the_client_left_is_counted() -> None:
    async with ProviderServer() as server:
        server.script([raw(b"x" * 10), role(), tokens("a b"), stall(), tokens("never")])
        async with connected(server) as connection:
            connection.send(request_bytes())
            data = await connection.until(b'" b"')
        request = await server.wait_for_disconnect()
        assert request.events_written == 3
        assert request.bytes_written == len(data)


async def test_times_are_in_order() -> None:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        server.script([stall(0.02), tokens("a b", gap=0.02)])
        before = time.monotonic()
        async with client.post(server.base_url, json=CHAT) as response:
            await response.read()
        request = await server.wait_for_answer()
        assert request.first_byte_at is not None
        assert request.finished_at is not None
        assert before <= request.received_at < request.first_byte_at < request.finished_at <= time.monotonic()
        assert request.disconnected_at is None


async def test_requests_on_one_connection_have_its_number() -> None:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        for _ in range(3):
            async with client.post(server.base_url, json=CHAT) as response:
                await response.read()
        async with connected(server) as connection:
            connection.send(request_bytes())
            await connection.until(b"0\r\n\r\n")
        assert [request.connection for request in server.log] == [0, 0, 0, 1]
        assert server.connections == 2


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with ProviderServer() as server:
        server.enqueue(status(200, body="first"), status(200, body="second"))
        async with connected(server) as connection:
            connection.send(request_bytes() + request_bytes(head="Connection: close\r\n"))
            answer = await connection.answer()
        assert answer.data.index(b"first") < answer.data.index(b"second")
        assert [request.connection for request in server.log] == [0, 0]


@pytest.mark.parametrize(
    ("version", "head", "kept"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: close\r\n", False),
        ("1.0", "", False),
        ("1.0", "Connection: keep-alive\r\n", True),
    ],
)
async def test_a_connection_is_kept_as_the_client_asks(version: str, head: str, kept: bool) -> None:
    async with ProviderServer() as server:
        server.script(status(200, body="ok"))
        async with connected(server) as connection:
            connection.send(request_bytes(version=version, head=head))
            await connection.until(b"ok")
            await server.wait_for_answer()
            if kept:
                connection.send(request_bytes())
                await server.wait_for_answer(1)
                assert (server.connections, server.open_connections) == (1, 1)
            else:
                assert (await connection.answer()).fields["connection"] == "close"


async def test_a_client_that_waits_for_a_100_gets_it() -> None:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        async with client.post(f"{server.base_url}/chat/completions", json=CHAT, expect100=True) as response:
            assert response.status == 200
            await response.read()
        assert server.log[0].json == CHAT


async def test_a_chunked_request_is_read_with_its_trailers() -> None:
    async with ProviderServer() as server:
        async with connected(server) as connection:
            connection.send(b"POST /v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n")
            await server.wait_for_answer()
        assert server.log[0].body == b"{}"
        assert server.log[0].trailers["x-t"] == "1"


async def test_a_malformed_request_is_refused_with_a_reason() -> None:
    async with ProviderServer() as server:
        async with connected(server) as connection:
            connection.send(b"NONSENSE\r\n\r\n")
            answer = await connection.answer()
        assert answer.status_line == "HTTP/1.1 400 Bad Request"
        assert b"cannot read this request: the first line is not" in answer.payload
        assert server.log == []


async def test_a_hundred_connections_are_served_at_once() -> None:
    everyone_is_here = asyncio.Event()

    async def run(_: Exchange) -> None:
        await everyone_is_here.wait()

    async with ProviderServer() as server:
        server.script([Step("wait_for_everyone()", run), reply("a b c d")])
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as client:

            async def one(number: int) -> str:
                async with client.post(server.base_url, json={**CHAT, "model": f"m{number}"}) as response:
                    return await response.text()

            answers = asyncio.gather(*(one(number) for number in range(100)))
            await server.wait_for(lambda: len(server.log) == 100)
            assert (server.connections, server.open_connections) == (100, 100)
            everyone_is_here.set()
            texts = await answers
            assert all(f'"model":"m{number}"' in text and "[DONE]" in text for number, text in enumerate(texts))
        await server.wait_for(lambda: server.open_connections == 0)
        assert all(request.finished_at is not None for request in server.log)


async def test_a_hundred_clients_that_leave_are_all_seen() -> None:
    async with ProviderServer() as server:
        server.script([role(), stall()])

        async def one() -> None:
            async with connected(server) as connection:
                connection.send(request_bytes())
                await connection.until(b"assistant")

        await asyncio.gather(*(one() for _ in range(100)))
        await server.wait_for(lambda: server.open_connections == 0)
        assert {(request.disconnected_by, request.events_written) for request in server.log} == {("client", 1)}


async def test_a_step_that_ignores_the_client_is_cancelled() -> None:
    ended = asyncio.Event()

    async def run(_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with ProviderServer() as server:
        server.script(Step("mine()", run))
        async with connected(server) as connection:
            connection.send(request_bytes())
            await server.wait_for_request()
            await asyncio.sleep(0)
        await asyncio.wait_for(ended.wait(), 1)


async def test_a_reset_that_finds_the_client_gone_is_no_error() -> None:
    async def run(exchange: Exchange) -> None:
        exchange.connection._transport.abort()
        await asyncio.sleep(0)  # the socket is closed now, and the script not yet cancelled
        await exchange.close("rst")

    async with ProviderServer() as server:
        server.script(Step("rst, too late", run))
        async with connected(server) as connection:
            connection.send(request_bytes())
            await server.wait_for_disconnect()
        assert server.errors == []
