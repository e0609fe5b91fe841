"""How far a server can be reached: its name, a TCP connection, a TLS handshake. No request is sent."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable
from time import perf_counter
from typing import Any, Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from aiollm.core.proxies import proxy_for
from aiollm.exceptions import ProxyError

__all__ = ["Check", "probe"]

T = TypeVar("T")

STEP_SECONDS = 10.0
"""How long each step may take."""

ADDRESS_SECONDS = 3.0
"""How long one of several addresses is waited for before the next is tried."""


@frozen
class Check:
    """One thing looked at.

    Attributes:
        name: what was looked at.
        state: "ok", "broken", or "note" for what is missing and need not be there.
        detail: what was found.
        seconds: how long it took, for what goes over the network.
    """

    name: str
    state: Literal["ok", "note", "broken"]
    detail: str
    seconds: float | None = None


async def probe(url: str) -> list[Check]:
    """Return the checks of the way to a server, or to the proxy that the environment puts before it.

    Args:
        url: an absolute http or https URL; only its scheme, host and port are used.
    """
    try:
        proxy = proxy_for(url)
    except ProxyError as error:
        return [Check("proxy", "broken", str(error))]
    if proxy is None:
        return await _reach(urlsplit(url))
    note = Check("proxy", "ok", f"goes through {proxy.url}; the way from there on is not checked")
    return [note, *await _reach(urlsplit(proxy.url))]


async def _reach(place: SplitResult) -> list[Check]:
    checks: list[Check] = []
    secure = place.scheme == "https"
    host, port = place.hostname or "", place.port or (443 if secure else 80)

    addresses = await _step(checks, "name", _resolve(host, port))
    if addresses is None:
        return checks
    sock = await _step(checks, "connect", _connect(addresses))
    if sock is None:
        return checks
    try:
        if secure:
            # Reading the trusted certificates takes as long as many a handshake.
            context = ssl.create_default_context()
            await _step(checks, "tls", _shake_hands(sock, host, context))
    finally:
        sock.close()
    return checks


async def _step(checks: list[Check], name: str, work: Awaitable[tuple[T, str]]) -> T | None:
    """Do a step, note how it went, and return what it gave; None when it failed."""
    started = perf_counter()
    try:
        async with asyncio.timeout(STEP_SECONDS):
            result, detail = await work
    except (OSError, UnicodeError) as error:
        checks.append(Check(name, "broken", _words(error), perf_counter() - started))
        return None
    checks.append(Check(name, "ok", detail, perf_counter() - started))
    return result


async def _resolve(host: str, port: int) -> tuple[list[tuple[Any, ...]], str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return found, f"{host} is {found[0][4][0]}{more}"


async def _connect(addresses: list[tuple[Any, ...]]) -> tuple[socket.socket, str]:
    """Connect to the first address that answers, and tell of those that did not."""
    failed: list[str] = []
    for family, kind, protocol, _, address in addresses:
        try:
            sock = await _connect_to(family, kind, protocol, address)
        except OSError as error:
            failed.append(f"{address[0]}: {_words(error)}")
        else:
            return sock, "; ".join([f"{address[0]} port {address[1]}", *failed])
    raise ConnectionError("; ".join(failed))


async def _connect_to(family: int, kind: int, protocol: int, address: tuple[Any, ...]) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    try:
        async with asyncio.timeout(ADDRESS_SECONDS):
            await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _shake_hands(sock: socket.socket, host: str, context: ssl.SSLContext) -> tuple[Literal[True], str]:
    _, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=host)
    try:
        session = writer.get_extra_info("ssl_object")
        return True, f"{session.version()}, the certificate is trusted"
    finally:
        writer.transport.abort()


def _words(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"the certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return str(error.reason or error)
        case socket.gaierror():
            return str(error.strerror)
        case TimeoutError() if error.errno is None:
            return "no answer in time"
        case OSError() if error.errno is not None:
            return os.strerror(error.errno)
        case _:
            return str(error) or type(error).__name__
