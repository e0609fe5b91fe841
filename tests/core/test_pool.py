from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp.client_proto import ResponseHandler

import aiollm
from aiollm.core import connection, pool
from aiollm.core.runtime import Runtime
from aiollm.testing import (
    ProviderServer,
    close_after_response,
    close_on_next_request,
    cut,
    finish,
    linger_after_done,
    reply,
    role,
    rst,
    stall,
    status,
    tokens,
    wire,
)
from tests.core.certificate import self_signed
from tests.engine.calling import answered, collected, opened, pool_facts, text_of


async def test_a_connection_serves_one_call_after_another() -> None:
    async with ProviderServer() as server:
        server.reply("hello there")
        for _ in range(5):
            await collected(await opened(server))
            await answered(server)
        assert server.connections == 1
        assert pool_facts() == {"active": 0, "idle": 1, "opened": 1, "reused": 9, "requests": 10}


@pytest.mark.parametrize("code", [400, 401, 429, 500])
async def test_an_error_reply_gives_its_connection_back(code: int) -> None:
    async with ProviderServer() as server:
        server.script(status(code))
        for _ in range(3):
            with pytest.raises(aiollm.APIError):
                await opened(server)
        assert server.connections == 1


async def test_the_repr_tells_what_goes_on() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall()])
        async with await opened(server):
            assert repr(Runtime.current().pool) == "<Pool 1 active, 0 idle | 1 requests>"
        assert repr(Runtime.current().pool) == "<Pool 0 active, 0 idle | 1 requests>"


async def test_three_hundred_streams_run_at_once() -> None:
    async with ProviderServer() as server:
        everybody = asyncio.Event()

        def script(request: object) -> list[object]:
            if len(server.log) == 300:
                everybody.set()
            return [role(), tokens("a"), stall(0.01), tokens(" b"), finish()]

        server.script(script)
        streams = await asyncio.gather(*(opened(server) for _ in range(300)))
        assert everybody.is_set()
        assert server.connections == 300
        assert pool_facts()["active"] == sum(not stream.closed for stream in streams)
        results = await asyncio.gather(*(collected(stream) for stream in streams))
        assert {(text_of(chunks), error) for chunks, error in results} == {("a b", None)}
        assert pool_facts()["active"] == 0


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_request_that_meets_a_closing_connection_is_sent_once_more(how: str) -> None:
    async with ProviderServer() as server:
        server.enqueue([close_on_next_request(how), reply("first")])
        server.reply("second")
        await collected(await opened(server))
        chunks, error = await collected(await opened(server))
        assert (text_of(chunks), error) == ("second", None)
        assert len(server.log) == 3
        assert server.connections == 2


async def test_a_closing_connection_is_met_again_and_again_without_an_error() -> None:
    async with ProviderServer() as server:
        server.script([close_after_response(), reply("hi")])
        for _ in range(30):
            response = await answered(server)
            assert response.choices[0].message.content == "hi"


async def test_a_second_failure_is_not_tried_a_third_time() -> None:
    async with ProviderServer() as server:
        server.enqueue([close_on_next_request(), reply("first")], cut())
        await collected(await opened(server))
        with pytest.raises(aiollm.APIConnectionError, match="broke before it answered"):
            await opened(server)
        assert len(server.log) == 3


@pytest.mark.parametrize("ending", [cut, rst])
async def test_a_new_connection_that_fails_is_not_tried_again(ending: object) -> None:
    async with ProviderServer() as server:
        server.script(ending())
        with pytest.raises(aiollm.APIConnectionError):
            await opened(server)
        assert len(server.log) == 1


async def test_a_request_is_not_sent_again_once_a_byte_of_the_reply_came() -> None:
    async with ProviderServer() as server:
        server.enqueue(reply("first"), [wire(b"HTTP/1.1 200 OK\r\nContent-Ty"), stall(0.05), cut()])
        await collected(await opened(server))
        with pytest.raises(aiollm.APIConnectionError):
            await opened(server)
        assert len(server.log) == 2


async def test_a_stream_that_breaks_on_a_used_connection_is_not_sent_again() -> None:
    async with ProviderServer() as server:
        server.enqueue(reply("first"), [role(), tokens("a"), rst()])
        await collected(await opened(server))
        _, error = await collected(await opened(server))
        assert isinstance(error, aiollm.StreamInterrupted)
        assert len(server.log) == 2


async def test_a_body_that_lingers_after_the_marker_is_not_waited_for() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), finish(), linger_after_done()])
        start = asyncio.get_running_loop().time()
        chunks, _ = await collected(await opened(server))
        assert text_of(chunks) == "a b"
        assert asyncio.get_running_loop().time() - start < 1
        request = await server.wait_for_disconnect()
        assert request.disconnected_by == "client"


async def test_the_connection_of_a_body_that_ends_soon_after_the_marker_is_kept() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), finish(), linger_after_done(0.02)])
        for _ in range(3):
            await collected(await opened(server))
        assert server.connections == 1


async def test_the_parser_is_given_what_comes_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bytes] = []
    receive = ResponseHandler.data_received

    def data_received(connection: ResponseHandler, data: bytes) -> None:
        given.append(data)
        receive(connection, data)

    monkeypatch.setattr(ResponseHandler, "data_received", data_received)
    async with ProviderServer() as server:
        server.script([role(), tokens("a b c", gap=0.01), finish()])
        chunks, _ = await collected(await opened(server))
    assert text_of(chunks) == "a b c"
    assert given
    assert all(given)  # where a reader takes a piece, aiohttp would have it read nothing


async def test_a_large_request_is_sent_without_a_warning() -> None:
    async with ProviderServer() as server:
        text = "x" * 3_000_000
        await answered(server, messages=[{"role": "user", "content": text}])
        assert server.log[0].json["messages"][0]["content"] == text
        assert server.log[0].headers["content-length"] == str(len(server.log[0].body))


@pytest.mark.parametrize("unasked", [b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nunasked", b"HTTP/1.1 200 OK\r\nA: "])
async def test_what_a_server_sends_unasked_is_not_taken_for_the_next_reply(unasked: bytes) -> None:
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nasked")
        await over.wait()
        writer.write(unasked)
        await reader.read()
        writer.close()

    own = pool.Pool()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, asyncio.timeout(30):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for _ in range(2):
            reply = await own.post(url, {}, b"", lambda reused: None)
            protocol = reply.protocol
            assert await reply.content.read() == b"asked"
            reply.release()
            over.set()
            while protocol.is_connected():  # noqa: ASYNC110 - what comes unasked is told to nobody
                await asyncio.sleep(0.001)
        assert own.statistics()["opened"] == 2
        await own.close()


async def test_urls_of_one_server_share_its_connections() -> None:
    async with ProviderServer() as server:
        own = pool.Pool()
        for path in ("/chat", "/embeddings"):
            reply = await own.post(f"{server.base_url}{path}", {}, b"{}", lambda reused: None)
            await reply.content.read()
            reply.release()
        assert (server.connections, own.statistics()["idle"]) == (1, 1)
        await own.close()
        assert own.statistics()["idle"] == 0


async def test_a_connection_whose_request_was_answered_too_early_is_not_used_again() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await reader.read()
        writer.close()

    own = pool.Pool()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, asyncio.timeout(30):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        reply = await own.post(url, {}, bytes(8_000_000), lambda reused: None)
        assert reply.head.status == 413
        reply.release()
        assert own.statistics()["idle"] == 0
        await own.close()


async def test_idle_connections_are_probed_by_the_operating_system() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall()])
        async with await opened(server) as stream:
            sock = stream._source._exchange._reply.protocol.transport.get_extra_info("socket")
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            if hasattr(socket, "TCP_KEEPIDLE"):
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


async def test_cookies_are_not_kept() -> None:
    async with ProviderServer() as server:
        server.script(status(500, fields={"Set-Cookie": "session=1"}))
        for _ in range(2):
            with pytest.raises(aiollm.InternalServerError):
                await answered(server)
        assert "cookie" not in server.log[1].headers


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_and_the_other_place_sees_nothing(code: int) -> None:
    async with ProviderServer() as server, ProviderServer() as elsewhere:
        server.script(status(code, fields={"Location": f"{elsewhere.base_url}/chat/completions"}))
        for stream in (True, False):
            with pytest.raises(aiollm.BadRequestError, match="is not followed") as caught:
                await answered(server, stream=stream)
            assert caught.value.status_code == code
            assert elsewhere.base_url in str(caught.value)
        assert elsewhere.connections == 0


async def test_a_tls_connection_that_nobody_reads_holds_little_and_loses_nothing(tmp_path: Path) -> None:
    body = bytes(range(256)) * 16_384
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    own = pool.Pool()
    own._connector = pool._Connector(ssl=ssl.create_default_context(cafile=certificate))
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server, asyncio.timeout(30):
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
        reply = await own.post(url, {}, b"", lambda reused: None)
        transport: Any = reply.protocol.transport
        tls = transport._ssl_protocol
        while not tls._ssl_reading_paused:  # noqa: ASYNC110 - asyncio tells nobody of it
            await asyncio.sleep(0.001)
        assert connection.WAITING_BYTES <= tls._incoming.pending <= connection.WAITING_BYTES + connection.RECEIVE_BYTES
        assert await reply.content.read() == body
        reply.release()
    await own.close()
