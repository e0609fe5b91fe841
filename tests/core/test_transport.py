from __future__ import annotations

import asyncio
import gc
import ssl
import weakref
from pathlib import Path

import pytest

from aiollm import exceptions
from aiollm.core.transport import DRAIN_BYTES, Exchange
from aiollm.testing import (
    ProviderServer,
    close_delimited,
    comment,
    cut,
    fin,
    gzip,
    headers,
    raw,
    rst,
    silence,
    stall,
    status,
    tokens,
    wire,
)
from aiollm.types.timeouts import Timeouts
from tests.core.certificate import self_signed
from tests.core.exchanging import BODY, HEADERS, call_scope, exchange, free_port, rest, sent
from tests.engine.calling import pool_facts


async def test_the_head_comes_before_the_body() -> None:
    async with ProviderServer() as server:
        server.script([headers({"X-One": "1", "x-ONE": "2"}, status=201), stall(0.02), raw(b"body"), fin()])
        reply = await sent(server)
        assert (reply.head.status, reply.head.content_type, reply.phase) == (201, "text/event-stream", "body")
        assert reply.head.headers["x-one"] == "2"
        assert await rest(reply) == b"body"
        reply.release()
        assert server.log[0].body == BODY


async def test_what_came_before_a_reset_is_not_lost_on_a_slow_reader() -> None:
    async with ProviderServer() as server:
        server.script([*(comment(f"{number}") for number in range(100)), cut()])
        reply = await sent(server)
        await server.wait_for_disconnect()
        await asyncio.sleep(0.05)  # the reader is busy elsewhere while the connection breaks
        got: list[bytes] = []
        with pytest.raises(exceptions.StreamInterrupted):
            await rest(reply, got)
        assert b"".join(got) == b"".join(b": %d\n\n" % number for number in range(100))


async def test_a_reader_that_is_slow_after_a_reset_trips_no_clock() -> None:
    async with ProviderServer() as server:
        server.script([comment("first"), stall(0.02), comment("last"), cut()])
        reply = await sent(server, Timeouts(first_token=0.2))
        await server.wait_for_disconnect()
        await asyncio.sleep(0.05)
        await reply.read()
        await asyncio.sleep(0.3)  # longer than the clock, but it is the reader's time
        with pytest.raises(exceptions.StreamInterrupted):
            await rest(reply)


@pytest.mark.parametrize(
    ("ending", "says"),
    [(cut(), "not completed"), (wire(b"xyz\r\n"), "malformed"), (rst(), "reset")],
)
async def test_a_body_that_breaks_is_interrupted(ending: object, says: str) -> None:
    async with ProviderServer() as server:
        server.script([comment(), stall(0.05), ending])
        reply = await sent(server)
        with pytest.raises(exceptions.StreamInterrupted, match=says) as caught:
            await rest(reply)
        assert caught.value.host == f"127.0.0.1:{server.port}"
        assert caught.value.__cause__ is not None
        assert caught.value.__cause__.__traceback__ is None
        assert caught.value.__context__ is None
        assert pool_facts()["active"] == 0


async def test_a_name_without_an_address_is_a_dns_error() -> None:
    with pytest.raises(exceptions.DNSError, match=r"the name of nowhere\.invalid:443 has no address") as caught:
        await exchange().send("https://nowhere.invalid/v1", HEADERS, BODY)
    assert caught.value.phase == "connect"
    assert caught.value.host == "nowhere.invalid"
    assert caught.value.retryable


async def test_a_refused_connection_is_a_connect_error() -> None:
    async with free_port() as port:
        with pytest.raises(exceptions.ConnectError, match=f"cannot connect to 127.0.0.1:{port}") as caught:
            await exchange().send(f"http://127.0.0.1:{port}/v1", HEADERS, BODY)
    assert caught.value.phase == "connect"
    assert "is the server running?" in str(caught.value)


async def test_a_password_in_the_address_is_not_shown() -> None:
    async with free_port() as port:
        with pytest.raises(exceptions.APIError) as caught:
            await exchange().send(f"http://me:canary@127.0.0.1:{port}/v1", HEADERS, BODY)
    assert "canary" not in str(caught.value)
    assert caught.value.host == f"127.0.0.1:{port}"


async def test_tls_with_a_server_that_speaks_none_is_a_tls_error() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(exceptions.TLSError, match=f"TLS with 127.0.0.1:{port} failed") as caught:
            await exchange().send(f"https://127.0.0.1:{port}/v1", HEADERS, BODY)
    assert caught.value.phase == "connect"
    assert not caught.value.retryable


async def test_a_certificate_nobody_signed_is_a_tls_error(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    async with await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(exceptions.TLSError, match=r"self.signed") as caught:
            await exchange().send(f"https://localhost:{port}/v1", HEADERS, BODY)
    assert "SSL_CERT_FILE" in str(caught.value)
    assert not caught.value.retryable


async def test_a_server_that_is_connected_and_silent_trips_first_token() -> None:
    async with ProviderServer() as server:
        server.on_connect("silence")
        with pytest.raises(exceptions.FirstTokenTimeout, match=r"within 0\.1 s") as caught:
            await sent(server, Timeouts(first_token=0.1))
        assert caught.value.phase == "first_token"
        assert pool_facts()["active"] == 0


async def test_a_handshake_that_does_not_end_trips_connect() -> None:
    async with ProviderServer() as server:
        server.on_connect("silence")
        with pytest.raises(exceptions.ConnectTimeout, match=r"within 0\.1 s \(timeout=Timeouts\(connect") as caught:
            await exchange(Timeouts(connect=0.1)).send(f"https://127.0.0.1:{server.port}/", HEADERS, BODY)
        assert caught.value.phase == "connect"


async def test_the_total_covers_connecting() -> None:
    async with ProviderServer() as server:
        server.on_connect("silence")
        with pytest.raises(exceptions.TotalTimeout):
            await exchange(Timeouts(total=0.1)).send(f"https://127.0.0.1:{server.port}/", HEADERS, BODY)


@pytest.mark.parametrize("greeting", ["fin", "rst"])
async def test_a_server_that_hangs_up_at_once_is_a_connection_error(greeting: str) -> None:
    async with ProviderServer() as server:
        server.on_connect(greeting)
        with pytest.raises(exceptions.APIConnectionError) as caught:
            await sent(server)
        assert caught.value.retryable
        assert server.connections == 1


async def test_a_silent_body_trips_the_clock_also_when_its_end_is_the_connections() -> None:
    async with ProviderServer() as server:
        server.script([close_delimited(), comment(), stall()])
        reply = await sent(server, Timeouts(first_token=0.1))
        with pytest.raises(exceptions.FirstTokenTimeout):
            await rest(reply)


@pytest.mark.parametrize("name", ["X\nInjected", "X-One"])
async def test_headers_that_cannot_be_sent_are_a_bad_request(name: str) -> None:
    async with ProviderServer() as server:
        with pytest.raises(exceptions.BadRequestError, match="check extra_headers"):
            await exchange().send(server.base_url, {name: "a\r\nb"}, BODY)
        assert server.log == []


@pytest.mark.parametrize("url", ["http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999/"])
async def test_a_url_that_is_none_is_a_bad_request(url: str) -> None:
    with pytest.raises(exceptions.BadRequestError):
        await exchange().send(url, HEADERS, BODY)


async def test_a_scope_cancels_a_read() -> None:
    async with ProviderServer() as server:
        server.script([comment(), stall()])
        scope = call_scope()
        reply = exchange(scope=scope)
        await reply.send(server.base_url, HEADERS, BODY)
        await reply.read()
        asyncio.get_running_loop().call_soon(scope.cancel, "stop")
        with pytest.raises(exceptions.StreamCancelled, match="stop"):
            await reply.read()
        with pytest.raises(exceptions.StreamCancelled, match="stop"):
            await reply.read()
        request = await server.wait_for_disconnect()
        assert request.disconnected_by == "client"


async def test_a_scope_cancels_a_send() -> None:
    async with ProviderServer() as server:
        server.script(silence())
        scope = call_scope()
        sending = asyncio.create_task(exchange(scope=scope).send(server.base_url, HEADERS, BODY))
        await server.wait_for(lambda: bool(server.log))
        scope.cancel("stop")
        with pytest.raises(exceptions.StreamCancelled, match="stop"):
            await sending
        await server.wait_for_disconnect()
        assert pool_facts()["active"] == 0


async def test_a_scope_that_is_cancelled_as_the_head_arrives_closes_the_connection() -> None:
    async with ProviderServer() as server:
        server.script([headers(), stall()])
        for delay in range(12):
            scope = call_scope()
            reply = exchange(scope=scope)
            sending = asyncio.create_task(reply.send(server.base_url, HEADERS, BODY))
            await server.wait_for(lambda seen=delay: len(server.log) > seen)
            for _ in range(delay):
                await asyncio.sleep(0)
            scope.cancel("stop")
            with pytest.raises(exceptions.StreamCancelled):
                await _read_of(sending, reply)
            await server.wait_for_disconnect(delay)
            assert pool_facts()["active"] == 0


async def _read_of(sending: asyncio.Task[object], reply: Exchange) -> bytes:
    await sending
    return await reply.read()


async def test_a_cancelled_send_closes_the_connection() -> None:
    async with ProviderServer() as server:
        server.script(silence())
        sending = asyncio.create_task(exchange().send(server.base_url, HEADERS, BODY))
        await server.wait_for(lambda: bool(server.log))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await server.wait_for_disconnect()
        assert pool_facts()["active"] == 0


async def test_a_whole_body_is_inflated_and_gives_the_connection_back() -> None:
    async with ProviderServer() as server:
        server.script([gzip(raw(b"x" * 50_000))])
        for _ in range(2):
            assert await (await sent(server)).read_all(50_000) == b"x" * 50_000
        assert server.connections == 1


async def test_a_body_over_its_limit_raises_and_closes() -> None:
    async with ProviderServer() as server:
        server.script([raw(b"x" * 101), stall()])
        with pytest.raises(exceptions.EventTooLarge, match="limit of 100 bytes"):
            await (await sent(server)).read_all(100)
        await server.wait_for_disconnect()


@pytest.mark.parametrize("ending", [cut(), stall()])
async def test_a_body_that_may_be_cut_returns_what_came(ending: object) -> None:
    async with ProviderServer() as server:
        server.script([raw(b"x" * 101), ending])
        assert await (await sent(server)).read_all(100, cut=True) == b"x" * 100
        server.script([raw(b"y" * 50), ending])
        assert await (await sent(server, Timeouts(first_token=0.1))).read_all(100, cut=True) == b"y" * 50
        await server.wait_for_disconnect(1)
        assert pool_facts()["active"] == 0


async def test_draining_gives_up_on_a_body_that_goes_on() -> None:
    async with ProviderServer() as server:
        server.script([*(raw(b"x" * DRAIN_BYTES) for _ in range(4)), stall()])
        reply = await sent(server)
        start = asyncio.get_running_loop().time()
        await reply.drain()
        await reply.drain()
        assert asyncio.get_running_loop().time() - start < 1
        await server.wait_for_disconnect()
        assert pool_facts()["active"] == 0


async def test_draining_to_the_end_keeps_the_connection() -> None:
    async with ProviderServer() as server:
        server.script([tokens("a b c"), stall(0.01), fin()])
        for _ in range(3):
            await (await sent(server)).drain()
        assert server.connections == 1


async def test_reading_after_the_end_is_an_error() -> None:
    async with ProviderServer() as server:
        server.script(status(200, body="x"))
        reply = await sent(server)
        await reply.read_all(10)
        with pytest.raises(exceptions.StreamInterrupted, match="the stream is closed"):
            await reply.read()


async def test_aborting_twice_counts_once() -> None:
    async with ProviderServer() as server:
        server.script([comment(), stall()])
        reply = await sent(server)
        assert pool_facts()["active"] == 1
        reply.abort(None)
        reply.abort(None)
        reply.release()
        assert pool_facts()["active"] == 0
        await server.wait_for_disconnect()


async def test_an_exchange_that_has_ended_is_let_go_though_its_connection_and_its_timers_last() -> None:
    async with ProviderServer() as server:
        server.script([raw(b"body"), fin()])
        reply = await sent(server)
        await rest(reply)
        reply.release()
        ended = weakref.ref(reply)
        del reply
        await asyncio.sleep(0)
        gc.collect()
        assert ended() is None  # asyncio keeps the contexts of connections and of timers


async def test_an_exchange_that_was_aborted_while_it_was_read_is_let_go() -> None:
    async with ProviderServer() as server:
        server.script([raw(b"body"), stall()])
        reply = await sent(server)
        assert await reply.read() == b"body"
        reader = asyncio.create_task(reply.read())
        await asyncio.sleep(0)
        reply.abort(exceptions.StreamCancelled("enough"))
        with pytest.raises(exceptions.StreamCancelled):
            await reader
        ended = weakref.ref(reply)
        del reply, reader
        await asyncio.sleep(0)
        gc.collect()
        assert ended() is None  # aiohttp raises one exception for all of its closed responses, with all tracebacks


async def test_a_body_is_passed_on_as_it_is_received_for_as_long_as_it_is_taken() -> None:
    taken: list[bytes] = []

    def take(data: bytes) -> bool:
        taken.append(data)
        return data != b"two"

    async with ProviderServer() as server:
        server.script([headers(), *(step for piece in (b"one", b"two", b"six") for step in (raw(piece), stall(0.02)))])
        reply = await sent(server)
        await reply.pass_on(take)
        assert taken == [b"one", b"two"]
        assert await reply.read() == b"six"
        await reply.pass_on(take)
        assert taken == [b"one", b"two"]
        assert await reply.read() == b""
        reply.release()
    assert pool_facts()["idle"] == 1


async def test_a_body_that_breaks_off_while_it_is_passed_on_is_told_by_the_next_read() -> None:
    taken: list[bytes] = []
    async with ProviderServer() as server:
        server.script([comment("a"), stall(0.02), comment("b"), stall(0.02), rst()])
        reply = await sent(server)
        await reply.pass_on(lambda data: taken.append(data) is None)
        with pytest.raises(exceptions.StreamInterrupted):
            await reply.read()
    assert b"".join(taken) == b": a\n\n: b\n\n"
    assert pool_facts()["active"] == 0


async def test_a_silent_body_trips_the_clock_while_it_is_passed_on() -> None:
    async with ProviderServer() as server:
        server.script([comment("a"), stall()])
        reply = await sent(server)
        reply.clocks.allow("idle", 0.05)
        await reply.pass_on(lambda data: True)
        with pytest.raises(exceptions.IdleTimeout):
            await reply.read()
        assert (await server.wait_for_disconnect()).disconnected_by == "client"


async def test_what_taking_raises_closes_the_connection_and_is_raised() -> None:
    def take(data: bytes) -> bool:
        raise ConnectionResetError("the client is gone")

    async with ProviderServer() as server:
        server.script([comment("a"), stall()])
        reply = await sent(server)
        with pytest.raises(ConnectionResetError, match="the client is gone"):
            await reply.pass_on(take)
        assert (await server.wait_for_disconnect()).disconnected_by == "client"


async def test_passing_on_that_is_cancelled_closes_the_connection() -> None:
    came = asyncio.Event()

    def take(data: bytes) -> bool:
        came.set()
        return True

    async with ProviderServer() as server:
        server.script([comment("a"), stall()])
        reply = await sent(server)
        passing = asyncio.create_task(reply.pass_on(take))
        await came.wait()
        passing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await passing
        assert (await server.wait_for_disconnect()).disconnected_by == "client"
