from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from aiollm.testing import (
    Exchange,
    LoggedRequest,
    ProviderServer,
    ScriptError,
    Step,
    event,
    raw,
    role,
    silence,
    stall,
    status,
    tokens,
)
from aiollm.testing.server import HOST
from tests.testing.raw_client import CHAT, RawAnswer, ask, connected, request_bytes


def close_request(path: str) -> bytes:
    return request_bytes(path=path, head="Connection: close\r\n")


async def bodies(server: ProviderServer, *paths: str) -> list[bytes]:
    return [(await ask(server, close_request(path))).payload for path in paths]


async def served(*scripts: Any) -> None:
    """Run a server that answers one request by each script."""
    async with ProviderServer() as server:
        server.enqueue(*scripts)
        await bodies(server, *["/"] * len(scripts))


def failing(message: str) -> Step:
    async def run(_: Exchange) -> None:
        raise RuntimeError(message)

    return Step(f"failing({message!r})", run)


async def test_it_listens_on_loopback_at_a_free_port() -> None:
    async with ProviderServer() as one, ProviderServer() as two:
        assert one.port != two.port
        assert one.url == f"http://127.0.0.1:{one.port}"
        assert one.base_url == f"{one.url}/v1"
        assert repr(one) == f"<ProviderServer {one.base_url}, 0 requests, 0 connections open>"


async def test_it_listens_on_a_given_port() -> None:
    async with ProviderServer() as free:
        port = free.port
    async with ProviderServer(port=port) as server:
        assert server.port == port


def test_it_has_no_address_before_it_runs() -> None:
    server = ProviderServer()
    assert "not started" in repr(server)
    with pytest.raises(RuntimeError, match="use it inside 'async with"):
        _ = server.base_url


async def test_it_cannot_be_entered_twice() -> None:
    async with ProviderServer() as server:
        with pytest.raises(RuntimeError, match="already runs"):
            await server.__aenter__()


async def test_it_can_be_entered_again_after_its_end() -> None:
    server = ProviderServer()
    for expected in (1, 2):
        async with server:
            await ask(server)
        assert len(server.log) == expected


async def test_a_script_answers_every_request_of_its_path() -> None:
    async with ProviderServer() as server:
        server.script(status(200, body="general"))
        server.script(status(200, body="special"), path="/a")
        assert await bodies(server, "/a", "/b", "/a?q=1", "/a/b") == [b"special", b"general", b"special", b"general"]


async def test_a_later_script_takes_the_place_of_an_earlier() -> None:
    async with ProviderServer() as server:
        server.script(status(200, body="one"))
        server.script(status(200, body="two"))
        assert await bodies(server, "/") == [b"two"]


async def test_queued_scripts_answer_once_each_and_in_order() -> None:
    async with ProviderServer() as server:
        server.script(status(200, body="default"))
        server.enqueue(status(200, body="1"), [status(200, body="2")])
        server.enqueue(status(200, body="a"), path="/a")
        assert await bodies(server, "/", "/a", "/a", "/") == [b"1", b"a", b"2", b"default"]


async def test_a_function_answers_by_the_request() -> None:
    def echo(request: LoggedRequest) -> Step:
        return status(200, body=f"{request.method} {request.json['model']}")

    async with ProviderServer() as server:
        server.script(echo)
        assert await bodies(server, "/") == [b"POST m"]


async def test_reply_scripts_a_right_answer() -> None:
    async with ProviderServer() as server:
        server.reply("Hi", finish_reason="length", path="/v1/chat/completions")
        answer = await ask(server)
    assert answer.deltas[1] == {"content": "Hi"}
    assert answer.events[2]["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("script", [[], "text", [tokens], tokens, [status(200), role()]])
async def test_a_wrong_script_is_an_error_when_it_is_set(script: Any) -> None:
    server = ProviderServer()
    with pytest.raises(ScriptError):
        server.script(script)
    with pytest.raises(ScriptError):
        server.enqueue(status(200), script)


def test_a_wrong_path_or_greeting_is_an_error() -> None:
    server = ProviderServer()
    with pytest.raises(ScriptError, match="a path begins with '/', unlike 'v1'"):
        server.script(role(), path="v1")
    with pytest.raises(ScriptError, match="on_connect takes one of"):
        server.on_connect("hang")  # type: ignore[arg-type]


async def test_a_failing_step_resets_the_connection_and_is_raised_at_the_end() -> None:
    async def run() -> RawAnswer:
        async with ProviderServer() as server:
            server.script([raw(b"x"), failing("oh no")])
            answer = await ask(server)
            assert len(server.errors) == 1
            return answer

    with pytest.raises(RuntimeError, match="oh no") as caught:
        await run()
    (note,) = caught.value.__notes__
    assert note.startswith("in step 1, failing('oh no'), of the script for <request 0: POST /v1/chat/completions")


async def test_several_failures_are_raised_together() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await served(failing("one"), failing("two"))
    assert [str(error) for error in caught.value.exceptions] == ["one", "two"]


async def test_a_failure_is_noted_on_an_error_that_is_on_its_way() -> None:
    async def run() -> None:
        async with ProviderServer() as server:
            server.script(failing("oh no"))
            await bodies(server, "/")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        await run()
    assert caught.value.__notes__ == ["the scripted provider also failed: RuntimeError('oh no')"]


@pytest.mark.parametrize("result", [None, [], "text", [1]])
async def test_a_function_that_returns_no_script_is_a_failure(result: Any) -> None:
    with pytest.raises(ScriptError):
        await served(lambda _: result)


async def test_a_function_that_fails_is_a_failure() -> None:
    with pytest.raises(KeyError):
        await served(lambda request: tokens(request.json["missing"]))


async def test_a_script_that_runs_too_long_is_ended_and_raised() -> None:
    async def run() -> None:
        async with ProviderServer(limit=0.05) as server:
            server.script([raw(b"x"), stall()])
            answer = await ask(server)
            assert isinstance(answer.failure, ConnectionResetError)
            assert server.log[0].disconnected_by == "server"

    with pytest.raises(ScriptError, match=re.escape("ran longer than its limit of 0.05 s")):
        await run()


async def test_a_running_script_ends_with_the_server() -> None:
    started = time.monotonic()
    async with ProviderServer() as server:
        server.script([event("x"), stall()])
        async with connected(server) as connection:
            connection.send(request_bytes())
            await connection.until(b"data: x")
            await server.__aexit__(None, None, None)
            await connection.answer()
    assert time.monotonic() - started < 1
    assert (server.log[0].disconnected_by, server.log[0].finished_at) == ("server", None)
    assert server.open_connections == 0


async def test_an_idle_connection_that_ends_with_the_server_is_no_disconnect() -> None:
    async with (
        aiohttp.ClientSession() as client,
        ProviderServer() as server,
        client.post(server.base_url, json=CHAT) as response,
    ):
        await response.read()
    assert server.log[0].finished_at is not None
    assert server.log[0].disconnected_by is None


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_accepted_just_before_the_end_is_closed(turns: int) -> None:
    async def connect_and_stop() -> socket.socket:
        async with ProviderServer() as server:
            client = socket.create_connection((HOST, server.port))
            await turn(turns)
        await turn(5)  # what was accepted is made meanwhile
        return client

    with asyncio.run(connect_and_stop()) as client:
        client.settimeout(5)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""


async def turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def test_a_client_that_leaves_after_its_answer_is_noted() -> None:
    async with ProviderServer() as server:
        async with connected(server) as connection:
            connection.send(request_bytes())
            await server.wait_for_answer()
        request = await server.wait_for_disconnect()
        assert request.finished_at is not None
        assert request.disconnected_by == "client"


@pytest.mark.parametrize(("greeting", "failure"), [("fin", type(None)), ("rst", ConnectionResetError)])
async def test_a_connection_can_be_closed_at_once(greeting: Any, failure: type) -> None:
    async with ProviderServer() as server:
        server.on_connect(greeting)
        async with connected(server) as connection:
            answer = await connection.answer()
        assert answer.data == b""
        assert isinstance(answer.failure, failure)
        assert (server.connections, server.log) == (1, [])
        server.on_connect("serve")
        assert (await ask(server)).status_line == "HTTP/1.1 200 OK"


async def test_a_connection_can_be_accepted_and_left_in_silence() -> None:
    async with ProviderServer() as server:
        server.on_connect("silence")
        async with connected(server) as connection:
            connection.send(request_bytes())
            with pytest.raises(TimeoutError):
                await server.wait_for_request(timeout=0.05)
            assert server.open_connections == 1
        await server.wait_for(lambda: server.open_connections == 0)
        assert server.log == []


async def test_a_wait_that_ends_in_vain_says_what_was_seen() -> None:
    async with ProviderServer() as server:
        server.script(silence())
        async with connected(server) as connection:
            connection.send(request_bytes())
            await server.wait_for_request()
            with pytest.raises(TimeoutError, match=r"nothing after 0.05 s; the server saw \[<request 0: POST"):
                await server.wait_for_disconnect(timeout=0.05)
            with pytest.raises(TimeoutError):
                await server.wait_for_answer(1, timeout=0.01)


async def test_waits_in_several_tasks_are_all_woken() -> None:
    async with ProviderServer() as server:
        waits = [asyncio.create_task(server.wait_for_disconnect(0)) for _ in range(3)]
        await ask(server)
        assert await asyncio.gather(*waits) == [server.log[0]] * 3


async def test_run_belongs_to_the_plain_with() -> None:
    async with ProviderServer() as server:
        with pytest.raises(RuntimeError, match="await the coroutine"):
            server.run(server.wait_for_request())


def test_it_works_without_an_event_loop() -> None:
    with ProviderServer() as server:
        server.script(status(200, body="plain"))
        with urllib.request.urlopen(f"{server.base_url}/x", data=b"{}") as response:
            assert response.read() == b"plain"
        request = server.run(server.wait_for_disconnect(0))
        assert request.finished_at is not None
        assert request.body == b"{}"
    assert len(server.log) == 1
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(server.base_url)


def test_a_failing_script_is_raised_without_an_event_loop_too() -> None:
    def run() -> None:
        with ProviderServer() as server:
            server.script(failing("oh no"))
            with pytest.raises(ConnectionResetError):
                urllib.request.urlopen(server.base_url)

    with pytest.raises(RuntimeError, match="oh no"):
        run()


def test_a_port_that_is_taken_leaves_no_thread() -> None:
    before = threading.active_count()
    with ProviderServer() as server, pytest.raises(OSError, match="in use"):
        ProviderServer(port=server.port).__enter__()
    assert threading.active_count() == before
