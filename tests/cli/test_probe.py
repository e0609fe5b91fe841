import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiollm.cli.probe import Check, probe
from aiollm.testing import ProviderServer
from tests.core.certificate import self_signed


def states(checks: list[Check]) -> list[tuple[str, str]]:
    return [(check.name, check.state) for check in checks]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


@pytest.fixture
async def tls_url(certificate: Path) -> AsyncIterator[str]:
    """Return the URL of a server that shakes hands and then waits for the end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def test_a_server_that_listens_is_reached_without_a_request() -> None:
    async with ProviderServer() as server:
        checks = await probe(server.base_url)
        await server.wait_for(lambda: server.connections == 1 and not server.open_connections)
        assert states(checks) == [("name", "ok"), ("connect", "ok")]
        assert all(check.seconds is not None and 0 <= check.seconds < 5 for check in checks)
        assert not server.log


async def test_a_port_nobody_listens_at_is_a_refused_connection() -> None:
    checks = await probe("http://127.0.0.1:1")
    assert states(checks) == [("name", "ok"), ("connect", "broken")]
    assert checks[-1].detail == "127.0.0.1: Connection refused"


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..invalid", f"{'x' * 64}.invalid"])
async def test_a_name_without_an_address_ends_the_probe(host: str) -> None:
    checks = await probe(f"https://{host}")
    assert states(checks) == [("name", "broken")]
    assert checks[0].detail


async def test_a_certificate_that_is_trusted_passes(
    tls_url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    checks = await probe(tls_url)
    assert states(checks) == [("name", "ok"), ("connect", "ok"), ("tls", "ok")]
    assert checks[-1].detail.startswith("TLSv1.")


async def test_a_certificate_of_nobody_known_is_named(tls_url: str) -> None:
    check = (await probe(tls_url))[-1]
    assert (check.name, check.state) == ("tls", "broken")
    assert check.detail.startswith("the certificate is not trusted: self")


async def test_a_server_that_speaks_no_tls_fails_the_handshake() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        check = (await probe(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"))[-1]
    assert (check.name, check.state) == ("tls", "broken")
    assert "WRONG_VERSION_NUMBER" in check.detail


async def test_a_server_that_closes_during_the_handshake_fails_it() -> None:
    async with ProviderServer() as server:
        server.on_connect("fin")
        check = (await probe(server.base_url.replace("http", "https")))[-1]
    assert (check.name, check.state) == ("tls", "broken")
    assert check.detail


async def test_a_step_that_takes_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiollm.cli.probe.STEP_SECONDS", 0.2)
    async with ProviderServer() as server:
        server.on_connect("silence")
        check = (await probe(server.base_url.replace("http", "https")))[-1]
    assert (check.name, check.state, check.detail) == ("tls", "broken", "no answer in time")


async def test_an_address_that_fails_is_told_beside_the_one_that_answers() -> None:
    with socket.socket(socket.AF_INET6) as other:
        try:
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("needs IPv6")
    async with ProviderServer() as server:
        checks = await probe(f"http://localhost:{server.port}")
    assert states(checks) == [("name", "ok"), ("connect", "ok")]
    assert checks[-1].detail.startswith("127.0.0.1 port ")


async def test_a_proxy_is_reached_in_place_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ProviderServer() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@127.0.0.1:{proxy.port}")
        checks = await probe("https://nowhere.invalid/v1")
        await proxy.wait_for(lambda: proxy.connections == 1)
        assert states(checks) == [("proxy", "ok"), ("name", "ok"), ("connect", "ok")]
        assert checks[0].detail.startswith(f"goes through http://127.0.0.1:{proxy.port};")
        assert "canary" not in repr(checks)
        assert not proxy.log


async def test_a_proxy_of_another_kind_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:canary@127.0.0.1:1")
    (check,) = await probe("https://nowhere.invalid")
    assert (check.name, check.state) == ("proxy", "broken")
    assert "socks5" in check.detail
    assert "canary" not in check.detail
