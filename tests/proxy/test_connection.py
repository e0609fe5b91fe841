"""Clients that are slow, or that mean harm: raw bytes against the real server."""

from __future__ import annotations

import asyncio
import json
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from aiollm.proxy import connection, upload
from aiollm.testing import ProviderServer
from tests.proxy.serving import MASTER, MESSAGES, Proxy, config, running

AUTHORISED = f"Authorization: Bearer {MASTER}\r\n"
BODY = json.dumps({"model": "fast", "messages": MESSAGES})
CHAT = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clocks run out soon; the server is made after this."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connection, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(upload, "BODY_SECONDS", 0.2)


async def sent(proxy: Proxy, *parts: str | bytes) -> bytes:
    """Send parts, and return all that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        for part in parts:
            writer.write(part.encode() if isinstance(part, str) else part)
            await writer.drain()
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


async def first_line(proxy: Proxy, *parts: str | bytes) -> bytes:
    """Send parts, and return the first line that comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        for part in parts:
            writer.write(part.encode() if isinstance(part, str) else part)
        async with asyncio.timeout(5):
            return await reader.readline()
    finally:
        writer.close()


@pytest.mark.parametrize("part", ["", "POST /v1/chat", f"{CHAT}X-Half: a"])
async def test_a_head_that_does_not_come_closes_the_connection(proxy: Proxy, part: str) -> None:
    assert await sent(proxy, part) == b""


async def test_half_a_second_head_closes_the_connection(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(f"{CHAT}Content-Length: 2\r\n\r\n{{}}".encode())
    assert b" 401 " in await reader.readline()
    writer.write(b"POST /v1")
    async with asyncio.timeout(5):
        assert b"HTTP/1.1" not in await reader.read()
    writer.close()


async def test_a_body_that_does_not_come_is_told_so(proxy: Proxy) -> None:
    assert b" 408 " in await first_line(proxy, f"{CHAT}{AUTHORISED}Content-Length: 100\r\n\r\nhalf")


async def test_a_body_without_a_key_is_not_waited_for(proxy: Proxy) -> None:
    assert b" 401 " in await first_line(proxy, f"{CHAT}Content-Length: 100\r\n\r\nhalf")


async def test_a_connection_is_kept_for_the_next_request(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    for pause in (0.0, 0.4):  # longer than a head may take: nothing of one has come
        await asyncio.sleep(pause)
        writer.write(f"{CHAT}{AUTHORISED}Content-Length: {len(BODY)}\r\n\r\n{BODY}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert " 200 " in head
        await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
    writer.close()


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Content-Length: 11000000\r\n", b""),
        ("Transfer-Encoding: chunked\r\n", b"A00001\r\n" + b" " * 0xA00001 + b"\r\n0\r\n\r\n"),
    ],
    ids=["announced", "chunked"],
)
async def test_a_body_that_is_too_long_is_refused(proxy: Proxy, head: str, body: bytes) -> None:
    assert b" 413 " in await first_line(proxy, f"{CHAT}{AUTHORISED}{head}\r\n", body)


async def test_a_body_that_inflates_beyond_all_bounds_is_refused(proxy: Proxy) -> None:
    bomb = zlib.compress(b" " * 30_000_000)
    head = f"{CHAT}{AUTHORISED}Content-Encoding: deflate\r\nContent-Length: {len(bomb)}\r\n\r\n"
    assert b" 413 " in await first_line(proxy, head, bomb)


async def test_a_body_that_is_nested_beyond_all_bounds_is_refused(proxy: Proxy) -> None:
    body = "[" * 100_000
    answer = await first_line(proxy, f"{CHAT}{AUTHORISED}Content-Length: {len(body)}\r\n\r\n{body}")
    assert b" 400 " in answer


@pytest.mark.parametrize(
    "request_",
    [
        f"{CHAT}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        f"{CHAT}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        f"{CHAT}Content-Length: +5\r\n\r\nhello",
        f"{CHAT}Content-Length: 0x5\r\n\r\nhello",
        f"{CHAT}Content-Length: -1\r\n\r\n",
        f"{CHAT}Content-Length: 5, 5\r\n\r\nhello",
        f"{CHAT}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        f"{CHAT}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        f"{CHAT}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        f"{CHAT}Host: y\r\nContent-Length: 0\r\n\r\n",
        f"{CHAT} folded: line\r\nContent-Length: 0\r\n\r\n",
        f"{CHAT}Bad Name: a\r\nContent-Length: 0\r\n\r\n",
        f"{CHAT}X: a\x00b\r\nContent-Length: 0\r\n\r\n",
        "POST /v1/chat/completions HTTP/9.9\r\nHost: x\r\n\r\n",
        f"{CHAT}X: {'a' * 20_000}\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_a_request_that_two_servers_could_read_differently_is_refused(proxy: Proxy, request_: str) -> None:
    answer = await sent(proxy, request_)
    assert answer == b"" or b" 400 " in answer.partition(b"\r\n")[0]
    assert answer.count(b"HTTP/1.") <= 1


@pytest.mark.parametrize(
    "body", ["5\nhello\r\n0\r\n\r\n", "5;a\nb\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "-1\r\n"]
)
async def test_a_body_whose_chunks_could_be_read_differently_is_refused(proxy: Proxy, body: str) -> None:
    answer = await sent(proxy, f"{CHAT}{AUTHORISED}Transfer-Encoding: chunked\r\n\r\n{body}")
    assert answer == b"" or b" 400 " in answer.partition(b"\r\n")[0]
    assert answer.count(b"HTTP/1.") <= 1


async def test_an_address_has_no_more_connections_than_it_may(provider: ProviderServer, tmp_path: Path) -> None:
    settings = config(provider)
    settings = replace(settings, aiollm=replace(settings.aiollm, max_connections_per_address=2))
    async with running(settings, provider, tmp_path) as proxy:
        held = [await asyncio.open_connection("127.0.0.1", proxy.port) for _ in range(2)]
        for _, writer in held:
            writer.write(b"GET /health/liveliness HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [b" 200 " in await reader.readline() for reader, _ in held] == [True, True]
        with suppress(ConnectionError):
            assert await sent(proxy, "GET /health/liveliness HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        held[0][1].close()
        async with asyncio.timeout(5):  # until the server has heard of it
            while b" 200 " not in await first_line(proxy, "GET /health/liveliness HTTP/1.1\r\nHost: x\r\n\r\n"):
                pass
        held[1][1].close()
