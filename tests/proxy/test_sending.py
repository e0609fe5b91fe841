"""Answers are written by ourselves, and say of their connection what any HTTP client goes by."""

from __future__ import annotations

import asyncio
import json

import pytest

from aiollm.proxy.sending import WholeResponse
from aiollm.testing import finish, role, tokens
from tests.proxy.serving import MASTER, MESSAGES, Proxy

BODY = json.dumps({"model": "fast", "messages": MESSAGES})
STREAM = json.dumps({"model": "fast", "messages": MESSAGES, "stream": True})


def asked(version: str, connection: str = "", body: str = BODY) -> bytes:
    """Return the bytes of a chat."""
    head = f"POST /v1/chat/completions HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {MASTER}\r\n{connection}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


async def answered(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Return the first line, the headers and the body of an answer."""
    async with asyncio.timeout(5):
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return first, headers, await reader.readexactly(int(headers["content-length"]))


@pytest.mark.parametrize(
    ("version", "connection", "told", "stays"),
    [
        ("1.1", "", None, True),
        ("1.1", "Connection: close\r\n", "close", False),
        ("1.0", "", None, False),
        ("1.0", "Connection: keep-alive\r\n", "keep-alive", True),
    ],
)
async def test_the_connection_stays_as_its_client_wants_it(
    proxy: Proxy, version: str, connection: str, told: str | None, stays: bool
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(asked(version, connection))
    first, headers, body = await answered(reader)
    assert (first, headers.get("connection")) == (f"HTTP/{version} 200 OK", told)
    assert (headers["server"], headers["content-type"]) == ("aiollm", "application/json; charset=utf-8")
    assert headers["date"].endswith(" GMT")
    assert json.loads(body)["object"] == "chat.completion"
    if stays:
        writer.write(asked(version, connection))
        assert (await answered(reader))[0] == f"HTTP/{version} 200 OK"
    else:
        async with asyncio.timeout(5):
            assert await reader.read() == b""
    writer.close()


async def test_two_requests_in_one_write_have_their_answers_in_order(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(asked("1.1") + asked("1.1", body='{"model": "slow", "messages": []}'))
    assert [(await answered(reader))[0] for _ in range(2)] == ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"]
    writer.close()


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\rb"])
def test_a_header_with_the_end_of_a_line_is_never_sent(value: str) -> None:
    with pytest.raises(ValueError, match="end of a line"):
        WholeResponse({"x-model": value}, b"{}")


async def test_a_client_that_waits_to_be_asked_for_its_body_is(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    head, _, body = asked("1.1", "Expect: 100-continue\r\n").partition(b"\r\n\r\n")
    writer.write(head + b"\r\n\r\n")
    async with asyncio.timeout(5):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await answered(reader))[0] == "HTTP/1.1 200 OK"
    writer.close()


async def test_the_head_of_a_stream_comes_with_its_first_content(proxy: Proxy) -> None:
    proxy.provider.enqueue([role(), tokens("one two", gap=0.05), finish("stop")])
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(asked("1.1", body=STREAM))
    async with asyncio.timeout(5):
        first = await reader.read(65536)
    head, _, body = first.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert b"one" in body
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"\r\n0\r\n\r\n")).count(b"data: [DONE]\n\n") == 1
    writer.write(asked("1.1"))  # the connection is for a next request
    assert (await answered(reader))[0] == "HTTP/1.1 200 OK"
    writer.close()


async def test_a_client_of_http_1_0_has_its_stream_up_to_the_end_of_the_connection(proxy: Proxy) -> None:
    proxy.provider.reply("Hello")
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(asked("1.0", "Connection: keep-alive\r\n", body=STREAM))
    async with asyncio.timeout(5):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"transfer-encoding" not in head
    assert body.startswith(b"data: {")
    assert body.endswith(b"}\n\ndata: [DONE]\n\n")
    writer.close()
