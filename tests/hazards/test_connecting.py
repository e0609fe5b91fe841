"""Connections that cannot be made: each error says what failed, with host, port and proxy, the blocking one too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.certificate import self_signed
from tests.programs import HEAD, STRICT, python

# A loop looks for the proxy of a URL once, so each way has URLs of its own; localhost is never behind one.
PROGRAM = """
import json, socket, ssl
from contextlib import AsyncExitStack
from tests.hazards.tunnel import tunnel

folder = sys.argv[1]

def tls(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/{name}.pem")
    return context

async def hang_up(reader, writer):
    writer.close()

async def speak_http(reader, writer):
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\n\\r\\n")
    writer.close()

async def listening(servers, serve, context=None):
    server = await servers.enter_async_context(await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
    return server.sockets[0].getsockname()[1]

def facts(error):
    return {
        "class": type(error).__name__, "message": str(error), "host": error.host, "phase": error.phase,
        "retryable": error.retryable,
    }

async def failure(url, proxy):
    if proxy:
        os.environ["HTTPS_PROXY"] = f"http://me:secret@{proxy}"
    else:
        os.environ.pop("HTTPS_PROXY", None)
    try:
        await aiollm.acompletion(**CALL, api_base=url, stream=True)
    except aiollm.APIError as error:
        asynchronous = facts(error)
    try:
        await asyncio.to_thread(aiollm.completion, **CALL, api_base=url)
    except aiollm.APIError as error:
        assert facts(error) == asynchronous, facts(error)
    return asynchronous

async def main():
    async with AsyncExitStack() as servers:
        ports = {name: await listening(servers, hang_up, tls(name)) for name in ("expired", "other", "stranger")}
        ports |= {"http": await listening(servers, speak_http), "proxy": await listening(servers, tunnel)}
        nobody = servers.enter_context(socket.socket())
        nobody.bind(("127.0.0.1", 0))
        ports["nobody"] = nobody.getsockname()[1]
        found = {}
        for way, host, proxy in [
            ("direct", "localhost", None),
            ("proxy", "provider.invalid", f"127.0.0.1:{ports['proxy']}"),
            ("proxy that is not there", "a.invalid", f"127.0.0.1:{ports['nobody']}"),
            ("proxy without an address", "b.invalid", "proxy.invalid:3128"),
        ]:
            for name in ("expired", "other", "stranger", "http", "nobody"):
                found[f"{name}, {way}"] = await failure(f"https://{host}:{ports[name]}/v1", proxy)
        found["unknown, direct"] = await failure("https://nowhere.invalid/v1", None)
    print(json.dumps([ports, found]))

logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # the servers' side of handshakes that fail
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], dict[str, dict[str, Any]]]:
    """The ports of the servers, and the facts of each failure."""
    folder = tmp_path_factory.mktemp("certificates")
    names = ("localhost", "provider.invalid")
    trusted = [
        self_signed(folder, *names, name="expired", expired=True),
        self_signed(folder, "other.invalid", name="other"),
    ]
    self_signed(folder, *names, name="stranger")
    authorities = folder / "trusted.pem"
    authorities.write_bytes(b"".join(file.read_bytes() for file in trusted))
    done = python(*STRICT, "-c", HEAD + PROGRAM, str(folder), SSL_CERT_FILE=str(authorities))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    ports, found = json.loads(done.stdout)
    return ports, found


EXPIRED = "the certificate is not valid: certificate has expired (the server has to renew it"
OTHER = "the certificate is not valid: Hostname mismatch, certificate is not valid for '{host}' (check the host name"
STRANGER = "the certificate is not valid: self-signed certificate (a certificate of your own CA is trusted through the"
CASES = [("expired", EXPIRED), ("other", OTHER), ("stranger", STRANGER), ("http", "[SSL")]


@pytest.mark.parametrize(("name", "says"), CASES)
@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_a_failure_of_tls_says_with_whom_and_why(failures: Any, name: str, says: str, way: str) -> None:
    ports, found = failures
    host = "localhost" if way == "direct" else "provider.invalid"
    via = "" if way == "direct" else f" through the proxy 127.0.0.1:{ports['proxy']}"
    failure = found[f"{name}, {way}"]
    assert failure["class"] == "TLSError"
    whom = f"TLS with {host}:{ports[name]}{via} failed: "
    assert failure["message"].startswith(whom + says.format(host=host))
    assert (failure["host"], failure["phase"], failure["retryable"]) == (f"{host}:{ports[name]}", "connect", False)


def test_a_refused_connection_says_by_whom(failures: Any) -> None:
    ports, found = failures
    failure = found["nobody, direct"]
    port = ports["nobody"]
    assert failure["class"] == "ConnectError"
    assert failure["message"].startswith(f"cannot connect to localhost:{port}: ")
    assert failure["retryable"]


def test_a_name_without_an_address_is_said_with_the_port(failures: Any) -> None:
    _, found = failures
    failure = found["unknown, direct"]
    assert failure["class"] == "DNSError"
    assert failure["message"].startswith("the name of nowhere.invalid:443 has no address: ")
    assert failure["retryable"]


@pytest.mark.parametrize(
    ("case", "proxy", "says"),
    [
        ("nobody, proxy", "proxy", "on the way to provider.invalid:{nobody} failed: it answered 502 Bad Gateway"),
        ("http, proxy that is not there", "nobody", "on the way to a.invalid:{http} failed: [Errno 111]"),
    ],
)
def test_a_proxy_that_fails_is_named_beside_the_provider(failures: Any, case: str, proxy: str, says: str) -> None:
    ports, found = failures
    failure = found[case]
    assert failure["class"] == "ProxyError"
    assert failure["message"].startswith(f"the proxy 127.0.0.1:{ports[proxy]} {says.format(**ports)}")
    assert "HTTPS_PROXY" in failure["message"]


def test_a_proxy_without_an_address_is_named_beside_the_provider(failures: Any) -> None:
    ports, found = failures
    failure = found["http, proxy without an address"]
    assert failure["class"] == "ProxyError"
    proxy = "the proxy proxy.invalid:3128"
    assert failure["message"].startswith(f"{proxy} on the way to b.invalid:{ports['http']} failed: ")


def test_no_failure_shows_the_proxys_password(failures: Any) -> None:
    _, found = failures
    assert "secret" not in json.dumps(found)
    assert len(found) == 21
