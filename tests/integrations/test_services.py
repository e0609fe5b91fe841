"""An answer handed on by a service: whole, broken off, late, to a slow reader, and to one that leaves."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest

from aiollm.testing import cut, delta, done, finish, role, silence, stall, status, tokens, usage
from tests.integrations.services import SERVICES, Service, Serving, running

each_service = pytest.mark.parametrize("serving", SERVICES.values(), ids=SERVICES)


def payloads(text: str) -> list[Any]:
    """What the events of a body say, but for the end marker and heartbeats."""
    datas = [event.removeprefix("data: ") for event in text.split("\n\n") if event.startswith("data: ")]
    return [json.loads(data) for data in datas if data != "[DONE]"]


def text_of(chunks: list[Any]) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", ()))


@each_service
async def test_an_answer_comes_as_openais_events(serving: Serving) -> None:
    async with running(serving, headers={"Access-Control-Allow-Origin": "*"}) as service:
        service.provider.script([role(), tokens("as it comes"), finish(), usage(5, 3), done()])
        async with service.get() as reply:
            text = await reply.text()
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (reply.headers["cache-control"], reply.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert text_of(payloads(text)) == "as it comes"
    assert payloads(text)[-1]["usage"]["total_tokens"] == 8
    assert text.endswith("data: [DONE]\n\n")


@each_service
async def test_an_answer_that_breaks_off_ends_in_an_error_that_names_no_server(serving: Serving) -> None:
    async with running(serving) as service:
        service.provider.script([role(), tokens("so far"), cut()])
        async with service.get() as reply:
            text = await reply.text()
        host = f"127.0.0.1:{service.provider.port}"
    *chunks, last = payloads(text)
    assert text_of(chunks) == "so far"
    assert (last["error"]["code"], last["error"]["retryable"]) == ("upstream_interrupted", True)
    assert "[DONE]" not in text
    assert host not in text


@each_service
async def test_what_fails_before_the_first_content_has_its_status(serving: Serving) -> None:
    async with running(serving, headers={"access-control-allow-origin": "*"}) as service:
        service.provider.script(status(429, retry_after=7))
        async with service.get() as reply:
            body = await reply.json()
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert body["error"]["type"] == "rate_limit_error"


@each_service
async def test_silence_is_filled_and_an_error_after_it_is_an_event(serving: Serving) -> None:
    async with running(serving, silence=0.1) as service:
        service.provider.script([role(), stall(0.35)])
        async with service.get() as reply:
            text = await reply.text()
    assert reply.status == 200
    *beats, last = text.rstrip().split("\n\n")
    assert {*beats} == {": keep-alive"}
    assert payloads(last)[0]["error"]["code"] == "upstream_truncated"


@each_service
@pytest.mark.parametrize("script", [[role(), tokens("so far"), stall()], silence()], ids=["midway", "at once"])
async def test_a_client_that_leaves_ends_the_request_at_the_provider(serving: Serving, script: Any) -> None:
    async with running(serving) as service:
        service.provider.script(script)
        reading = asyncio.create_task(read_first(service))
        await service.provider.wait_for_request(timeout=20)
        if isinstance(script, list):
            await reading
        else:
            reading.cancel()
            await asyncio.wait([reading])
        request = await service.provider.wait_for_disconnect(0, timeout=20)
    assert request.disconnected_by == "client"


async def read_first(service: Service) -> None:
    """Leave when something of the answer has come."""
    async with service.get() as reply:
        await reply.content.readany()
        reply.close()


@each_service
async def test_a_client_that_does_not_read_stops_the_provider(serving: Serving) -> None:
    async with running(serving) as service:
        service.provider.script([role(), *[delta({"content": "x" * 65536})] * 500, finish(), done()])
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", service.port))
            reader.sendall(b"GET /chat HTTP/1.1\r\nHost: x\r\n\r\n")
            request = await service.provider.wait_for_request(timeout=20)
            sent = 0
            while not sent or sent != request.bytes_written:
                sent = request.bytes_written
                await asyncio.sleep(0.2)  # what is not stopped sends all of it meanwhile
            assert request.finished_at is None
        assert (await service.provider.wait_for_disconnect(0, timeout=20)).disconnected_by == "client"
