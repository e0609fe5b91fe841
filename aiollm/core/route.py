"""Where the requests to one URL go, and the head that they have there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from yarl import URL

from aiollm.core.proxies import Proxy
from aiollm.types.secret import HiddenText

__all__ = ["Route"]


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

    __slots__ = ("_line", "_usual", "proxy", "request")

    def __init__(self, url: str, proxy: Proxy | None, loop: asyncio.AbstractEventLoop) -> None:
        # What has percent signs is encoded as it should be: normalised, it would not fit its signature any more.
        address = URL(url, encoded="%" in url and url.isascii())
        if address.scheme not in ("http", "https"):
            raise aiohttp.NonHttpUrlClientError(address)
        self._usual = {"accept": "*/*", "user-agent": "aiollm"}
        if address.raw_user or address.raw_password:
            self._usual["authorization"] = _basic(address.user or "", address.password or "")
            address = address.with_user(None)
        asked = {"Authorization": _basic(*proxy.credentials)} if proxy and proxy.credentials else {}
        self.proxy: Proxy | None = proxy
        self.request: ClientRequest = ClientRequest(
            "POST", address, loop=loop, proxy=URL(proxy.url) if proxy else None, proxy_headers=asked
        )
        self._usual["host"] = self.request.headers["Host"]
        target = address.raw_path_qs
        if proxy is not None and address.scheme == "http":  # https goes through a tunnel, which the connector asks for
            target = str(address.with_fragment(None))
            if asked:
                self._usual["proxy-authorization"] = asked["Authorization"]
        self._line = f"POST {target} HTTP/1.1\r\n"

    def head(self, headers: Mapping[str, str], length: int) -> bytes:
        """Return the head of a request.

        Args:
            headers: what it says beside the usual; of names that differ in capitals alone the last one counts.
            length: the body's, in bytes.

        Raises:
            ValueError: a header has the end of a line in it, or the address has credentials beside the headers' own.
        """
        fields = dict(self._usual)
        for name, value in headers.items():
            fields[name.lower()] = value
        fields["content-length"] = str(length)
        if "authorization" in self._usual and fields["authorization"] != self._usual["authorization"]:
            raise ValueError("the address has a user name and a password, and the headers have an Authorization")
        lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
        head = "".join((self._line, *lines, "\r\n"))
        if not head.count("\r") == head.count("\n") == len(lines) + 2 or "\0" in head:
            raise ValueError("a header has the end of a line in it")
        return head.encode()


def _basic(name: str, password: str) -> HiddenText:
    return HiddenText(aiohttp.encode_basic_auth(name, password))
