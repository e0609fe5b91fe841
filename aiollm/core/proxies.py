"""The proxy variables of the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec

from aiollm.exceptions import ProxyError

__all__ = ["Proxy", "proxy_for"]


class Proxy(msgspec.Struct, frozen=True):
    """An HTTP proxy.

    Attributes:
        url: its URL, without credentials.
        credentials: user name and password, if it wants any.
    """

    url: str
    credentials: tuple[str, str] | None = None

    @property
    def address(self) -> str:
        """Its host, and the port if it is named; for messages."""
        return self.url.partition("://")[2]

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"  # without the credentials


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy that the environment names for a URL, or None.

    This machine itself (localhost, loopback addresses) is never asked through a proxy. `NO_PROXY` is read as Python's
    standard library reads it: host names, suffixes and `*`, no address ranges.

    Raises:
        ProxyError: the proxy is not an HTTP one.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or not parts.hostname or _is_this_machine(parts.hostname) or proxy_bypass(parts.hostname):
        return None
    proxy = urlsplit(found if "://" in found else f"http://{found}")
    if proxy.scheme not in ("http", "https"):
        raise ProxyError(
            f"the proxy in the environment for {parts.hostname} is a {proxy.scheme} proxy; only http is supported",
            hint=f"unset {parts.scheme.upper()}_PROXY, or list the host in NO_PROXY",
            phase="connect",
            retryable=False,
        )
    try:
        port = f":{proxy.port}" if proxy.port else ""
    except ValueError:
        raise ProxyError(
            f"the proxy in the environment for {parts.hostname} has a port that is no number",
            hint=f"mend {parts.scheme.upper()}_PROXY",
            phase="connect",
            retryable=False,
        ) from None
    host = f"[{proxy.hostname}]" if proxy.hostname and ":" in proxy.hostname else proxy.hostname
    address = f"{proxy.scheme}://{host}{port}"
    credentials = (unquote(proxy.username), unquote(proxy.password or "")) if proxy.username else None
    return Proxy(address, credentials)


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
