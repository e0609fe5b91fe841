from __future__ import annotations

import asyncio

import aiohttp
import pytest

from aiollm.testing import (
    Exchange,
    ProviderServer,
    Step,
    close_after_response,
    close_on_next_request,
    cut,
    done,
    event,
    fin,
    gzip,
    headers,
    linger,
    raw,
    rst,
    silence,
    stall,
    status,
    trailers,
)
from tests.testing.raw_client import CHAT, answer_to, ask, connected, request_bytes


async def test_fin_ends_the_body_cleanly() -> None:
    answer = await answer_to(raw(b"x"), fin())
    assert answer.ended_cleanly


async def test_trailers_follow_the_last_chunk() -> None:
    answer = await answer_to(raw(b"x"), trailers({"X-Sum": "1"}))
    assert answer.payload == b"1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n"


async def test_cut_closes_without_the_end_of_the_body() -> None:
    async with ProviderServer() as server:
        server.script([raw(b"x"), cut()])
        answer = await ask(server)
        request = server.log[0]
        assert (request.disconnected_by, request.disconnected_how) == ("server", "fin")
        assert request.finished_at is None
    assert answer.payload == b"1\r\nx\r\n"
    assert answer.failure is None


async def test_rst_resets_after_everything_before_it_was_read() -> None:
    async with ProviderServer() as server:
        server.script([raw(b"x" * 100_000), rst()])
        answer = await ask(server)
        request = server.log[0]
        assert (request.disconnected_by, request.disconnected_how) == ("server", "rst")
    assert answer.payload == b"%x\r\n%b\r\n" % (100_000, b"x" * 100_000)
    assert isinstance(answer.failure, ConnectionResetError)


async def test_rst_can_come_before_any_answer() -> None:
    answer = await answer_to(rst())
    assert answer.data == b""
    assert isinstance(answer.failure, ConnectionResetError)


async def test_silence_reads_the_request_and_says_nothing() -> None:
    async with ProviderServer() as server:
        server.script(silence())
        async with connected(server) as connection:
            connection.send(request_bytes())
            await server.wait_for_request()
        request = await server.wait_for_disconnect()
        assert (request.bytes_written, request.first_byte_at, request.disconnected_by) == (0, None, "client")


async def test_a_stall_before_anything_holds_back_the_head() -> None:
    async with ProviderServer() as server:
        server.script([stall(0.05), raw(b"x")])
        await ask(server)
        request = server.log[0]
        assert request.first_byte_at is not None
        assert request.first_byte_at - request.received_at >= 0.045


async def test_a_stall_after_the_head_lets_it_through() -> None:
    async with ProviderServer() as server:
        server.script([headers(), stall()])
        async with connected(server) as connection:
            connection.send(request_bytes())
            await connection.until(b"\r\n\r\n")


async def test_heartbeats_are_comments_at_their_interval() -> None:
    async with ProviderServer() as server:
        server.script([stall(0.1, heartbeat=0.03), event("x")])
        answer = await ask(server)
        request = server.log[0]
        assert request.finished_at is not None
        assert request.finished_at - request.received_at >= 0.095
    beats = answer.body.count(b": heartbeat\n\n")
    assert 1 <= beats <= 3
    assert answer.body == b": heartbeat\n\n" * beats + b"data: x\n\n"


async def test_heartbeats_without_end_last_until_the_client_leaves() -> None:
    async with ProviderServer() as server:
        server.script(stall(heartbeat=0.005))
        async with connected(server) as connection:
            connection.send(request_bytes())
            while (await connection.until(b"heartbeat")).count(b"heartbeat") < 3:
                connection.read_something.clear()
                await connection.read_something.wait()
        assert (await server.wait_for_disconnect()).disconnected_by == "client"


async def test_linger_keeps_the_body_open_after_the_end_marker() -> None:
    async with ProviderServer() as server:
        server.script([done(), linger()])
        async with connected(server) as connection:
            connection.send(request_bytes())
            assert not (await connection.until(b"[DONE]")).endswith(b"0\r\n\r\n")
        request = await server.wait_for_disconnect()
        assert (request.disconnected_by, request.finished_at) == ("client", None)


async def test_a_connection_closed_after_the_response_had_not_said_so() -> None:
    async with ProviderServer() as server:
        server.script([close_after_response(0.02), status(200, body="ok")])
        async with connected(server) as connection:
            connection.send(request_bytes())
            answer = await connection.answer()
        request = server.log[0]
        assert request.finished_at is not None
        assert request.disconnected_at is not None
        assert request.disconnected_at - request.finished_at >= 0.015
    assert "connection" not in answer.fields
    assert answer.payload == b"ok"


@pytest.mark.parametrize(("how", "error"), [("fin", type(None)), ("rst", ConnectionResetError)])
async def test_a_connection_closed_on_the_next_request_answers_once(how: str, error: type) -> None:
    async with ProviderServer() as server:
        server.script([status(200, body="ok"), close_on_next_request(how)])  # type: ignore[arg-type]
        async with connected(server) as connection:
            connection.send(request_bytes())
            await connection.until(b"ok")
            connection.send(request_bytes())
            answer = await connection.answer()
        assert answer.payload == b"ok"
        assert isinstance(answer.failure, error)
        assert [(request.disconnected_how, request.bytes_written > 0) for request in server.log] == [
            (None, True),
            (how, False),
        ]


async def test_the_keep_alive_race_is_met_by_a_pooling_client() -> None:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        server.enqueue([status(200), close_on_next_request()])
        async with client.post(server.base_url, json=CHAT) as response:
            await response.read()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.post(server.base_url, json=CHAT)
        assert [request.connection for request in server.log] == [0, 0]


async def test_a_wait_inside_a_delivery_ends_when_the_client_leaves() -> None:
    waiting = asyncio.Event()

    async def run(exchange: Exchange) -> None:
        waiting.set()
        await exchange.wait(None)

    async with ProviderServer() as server:
        server.script(gzip(event("x"), Step("wait()", run), event("y")))
        async with connected(server) as connection:
            connection.send(request_bytes())
            await waiting.wait()
        request = await server.wait_for_disconnect()
        assert request.events_written == 1
