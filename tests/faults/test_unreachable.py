"""Providers that cannot be reached: the error says which name, address or proxy it was, and what to do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import aiollm
from tests.core.certificate import self_signed
from tests.core.exchanging import free_port
from tests.engine.calling import KEY, MESSAGES


@pytest.fixture(params=["async", "sync"])
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def failure(face: str, api_base: str) -> aiollm.APIError:
    """The error of a call to an address, with the facts that all of these have."""
    call: dict[str, Any] = {"model": "openai/scripted", "messages": MESSAGES, "api_key": KEY, "api_base": api_base}
    call["num_retries"] = 0
    opening = aiollm.acompletion if face == "async" else partial(asyncio.to_thread, aiollm.completion)
    with pytest.raises(aiollm.APIError) as caught:
        await opening(**call, stream=True)
    error = caught.value
    assert (error.llm_provider, error.model, error.attempt) == ("openai", "scripted", 1)
    assert (error.phase, error.partial, error.request_id, error.headers) == ("connect", None, None, None)
    assert error.elapsed is not None
    assert 0 < error.elapsed < 30
    assert error.__cause__ is not None
    assert KEY not in repr(error.__cause__)
    return error


@asynccontextmanager
async def plain_server() -> AsyncIterator[int]:
    """A port that answers a TLS handshake as web servers without TLS do."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_name_without_an_address(face: str) -> None:
    error = await failure(face, "http://nowhere.invalid:8080/v1")
    assert type(error) is aiollm.DNSError
    assert "the name of nowhere.invalid:8080 has no address" in error.message
    assert error.host == "nowhere.invalid:8080"
    assert error.hint is not None
    assert "api_base" in error.hint
    assert error.retryable


async def test_a_port_that_refuses(face: str) -> None:
    async with free_port() as port:
        error = await failure(face, f"http://127.0.0.1:{port}/v1")
    assert type(error) is aiollm.ConnectError
    assert f"cannot connect to 127.0.0.1:{port}" in error.message
    assert error.host == f"127.0.0.1:{port}"
    assert error.hint == "is the server running?"
    assert error.retryable


async def test_a_port_without_tls(face: str) -> None:
    async with plain_server() as port:
        error = await failure(face, f"https://127.0.0.1:{port}/v1")
    assert type(error) is aiollm.TLSError
    assert f"TLS with 127.0.0.1:{port} failed" in error.message
    assert error.hint == "a server without TLS is asked as http://"
    assert not error.retryable


async def test_a_certificate_nobody_signed(face: str, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    async with await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(face, f"https://localhost:{port}/v1")
    assert type(error) is aiollm.TLSError
    assert f"TLS with localhost:{port} failed" in error.message
    assert error.hint is not None
    assert "SSL_CERT_FILE" in error.hint
    assert not error.retryable


async def test_a_proxy_that_refuses(face: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with free_port() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{port}")
        error = await failure(face, "https://provider.invalid/v1")
    assert type(error) is aiollm.ProxyError
    assert f"the proxy 127.0.0.1:{port} on the way to provider.invalid failed" in error.message
    assert f"127.0.0.1:{port}" in error.message
    assert "secret" not in str(error)
    assert error.host == "provider.invalid"
    assert error.hint is not None
    assert "HTTPS_PROXY" in error.hint


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_whose_name_has_no_address(face: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", "http://me:secret@nobody.invalid:3128")
    error = await failure(face, f"{scheme}://somewhere.invalid/v1")
    assert type(error) is aiollm.ProxyError
    assert (
        "the proxy nobody.invalid:3128 on the way to somewhere.invalid failed: its name has no address" in error.message
    )
    assert "secret" not in str(error)
    assert error.hint is not None
    assert "HTTPS_PROXY" in error.hint
