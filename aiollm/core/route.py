"""Where the requests to one URL go, and the head that they have there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from yarl import URL

from aiollm.core.proxies import Proxy
from aiollm.types.secret import HiddenText

__all__ = ["Route"]

_MOST_HEADS = 16
"""How many heads are remembered for each URL. They have keys in them, so it is few."""


class Route:
    """The way of the requests to one URL, which are all POSTs.

    Args:
        url: an absolute one of http or https.
        proxy: what they go through.
        loop: the event loop of their connections.

    Raises:
        aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError: it is not such a URL.

    Attributes:
        proxy: as given.
        request: what aiohttp's connector is asked by. It says where to connect; it is never sent.
    """

    __slots__ = ("_beginning", "proxy", "request")

    def __init__(self, url: str, proxy: Proxy | None, loop: asyncio.AbstractEventLoop) -> None:
        # What has percent signs is encoded as it should be: normalised, it would not fit its signature any more.
        address = URL(url, encoded="%" in url and url.isascii())
        if address.scheme not in ("http", "https"):
            raise aiohttp.NonHttpUrlClientError(address)
        usual = {"accept": "*/*", "user-agent": "aiollm"}
        if address.raw_user or address.raw_password:
            usual["authorization"] = _basic(address.user or "", address.password or "")
            address = address.with_user(None)
        asked = {"Authorization": _basic(*proxy.credentials)} if proxy and proxy.credentials else {}
        self.proxy: Proxy | None = proxy
        self.request: ClientRequest = ClientRequest(
            "POST", address, loop=loop, proxy=URL(proxy.url) if proxy else None, proxy_headers=asked
        )
        usual["host"] = self.request.headers["Host"]
        target = address.raw_path_qs
        if proxy is not None and address.scheme == "http":  # https goes through a tunnel, which the connector asks for
            target = str(address.with_fragment(None))
            if asked:
                usual["proxy-authorization"] = asked["Authorization"]
        # Mostly no more than the length of the body differs. A head takes 27,000 instructions, a known one 7,000.
        self._beginning = lru_cache(_MOST_HEADS)(partial(_beginning, f"POST {target} HTTP/1.1\r\n", usual))

    def head(self, headers: Mapping[str, str], length: int) -> bytes:
        """Return the head of a request.

        Args:
            headers: what it says beside the usual; of names that differ in capitals alone the last one counts.
            length: the body's, in bytes.

        Raises:
            ValueError: a header has the end of a line in it, or the address has credentials beside the headers' own.
        """
        return b"%bcontent-length: %d\r\n\r\n" % (self._beginning(tuple(headers.items())), length)


def _beginning(line: str, usual: Mapping[str, str], headers: Iterable[tuple[str, str]]) -> bytes:
    """Return a head, but for the length of the body."""
    fields = dict(usual)
    for name, value in headers:
        fields[name.lower()] = value
    fields.pop("content-length", None)
    if "authorization" in usual and fields["authorization"] != usual["authorization"]:
        raise ValueError("the address has a user name and a password, and the headers have an Authorization")
    lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
    head = "".join((line, *lines))
    if not head.count("\r") == head.count("\n") == len(lines) + 1 or "\0" in head:
        raise ValueError("a header has the end of a line in it")
    return head.encode()


def _basic(name: str, password: str) -> HiddenText:
    return HiddenText(aiohttp.encode_basic_auth(name, password))
