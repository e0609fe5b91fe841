from __future__ import annotations

import asyncio

import pytest

import aiollm
from aiollm.core.proxies import Proxy, proxy_for
from aiollm.testing import ProviderServer
from tests.engine.calling import arguments, collected, opened, text_of

URL = "https://api.example.com/v1"


def test_without_variables_there_is_no_proxy() -> None:
    assert proxy_for(URL) is None


@pytest.mark.parametrize(
    ("variable", "value", "url", "proxy"),
    [
        ("HTTPS_PROXY", "http://proxy:3128", URL, Proxy("http://proxy:3128")),
        ("https_proxy", "http://proxy:3128", URL, Proxy("http://proxy:3128")),
        ("HTTPS_PROXY", "proxy:3128", URL, Proxy("http://proxy:3128")),
        ("HTTPS_PROXY", "https://proxy", URL, Proxy("https://proxy")),
        ("HTTPS_PROXY", "http://[::1]:8080", URL, Proxy("http://[::1]:8080")),
        ("HTTPS_PROXY", "http://proxy:3128", "http://api.example.com", None),
        ("HTTP_PROXY", "http://proxy:3128", "http://api.example.com", Proxy("http://proxy:3128")),
        ("HTTP_PROXY", "http://proxy:3128", URL, None),
        ("ALL_PROXY", "http://proxy:3128", URL, Proxy("http://proxy:3128")),
        ("HTTPS_PROXY", "http://me:p%40ss@proxy:1", URL, Proxy("http://proxy:1", ("me", "p@ss"))),
        ("HTTPS_PROXY", "http://me@proxy:1", URL, Proxy("http://proxy:1", ("me", ""))),
    ],
)
def test_the_variable_of_the_scheme_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, url: str, proxy: Proxy | None
) -> None:
    monkeypatch.setenv(variable, value)
    assert proxy_for(url) == proxy


@pytest.mark.parametrize("url", ["http://localhost:1/v1", "http://x.localhost/", "http://127.0.0.9/", "http://[::1]/"])
def test_this_machine_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:3128")
    assert proxy_for(url) is None


@pytest.mark.parametrize("exempt", ["api.example.com", "example.com", ".example.com", "other,api.example.com", "*"])
def test_hosts_in_no_proxy_are_asked_directly(monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", exempt)
    assert proxy_for(URL) is None


def test_other_hosts_than_those_in_no_proxy_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "example.org,10.0.0.0/8")
    assert proxy_for(URL) == Proxy("http://proxy:3128")


@pytest.mark.parametrize("scheme", ["socks5", "socks4", "socks5h"])
def test_a_socks_proxy_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://me:secret@proxy:1080")
    with pytest.raises(aiollm.ProxyError, match=r"only http is supported \(unset HTTPS_PROXY") as caught:
        proxy_for(URL)
    assert "secret" not in str(caught.value)
    assert not caught.value.retryable


def test_credentials_are_not_in_the_repr() -> None:
    assert "secret" not in repr(Proxy("http://proxy:1", ("me", "secret")))


async def test_a_request_for_a_foreign_host_goes_to_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ProviderServer() as proxy:
        proxy.reply("by way of the proxy")
        monkeypatch.setenv("HTTP_PROXY", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        stream = await opened(proxy, api_base="http://provider.invalid/v1")
        chunks, error = await collected(stream)
        assert (text_of(chunks), error) == ("by way of the proxy", None)
        request = proxy.log[0]
        assert request.target == "http://provider.invalid/v1/chat/completions"
        assert request.headers["host"] == "provider.invalid"
        assert request.headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


async def test_loopback_is_reached_directly_though_a_proxy_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ProviderServer() as proxy, ProviderServer() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        await collected(await opened(server))
        assert (len(proxy.log), len(server.log)) == (0, 1)


async def test_a_proxy_that_refuses_is_a_proxy_error(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{port}")
    async with ProviderServer() as server:
        says = rf"the proxy 127\.0\.0\.1:{port} on the way to provider\.invalid failed"
        with pytest.raises(aiollm.ProxyError, match=says) as caught:
            await aiollm.acompletion(**arguments(server, api_base="https://provider.invalid/v1"))
    assert caught.value.phase == "connect"
    assert "secret" not in repr(caught.value.__cause__)


async def test_a_proxy_that_denies_the_tunnel_is_a_proxy_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def deny(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(deny, "127.0.0.1", 0) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        async with ProviderServer() as server:
            with pytest.raises(aiollm.ProxyError, match="Proxy Authentication Required"):
                await aiollm.acompletion(**arguments(server, api_base="https://provider.invalid/v1"))
