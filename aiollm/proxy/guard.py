"""The one place that decides who may call a route. It looks at the route, the key and the address, and nothing else.

A decision that read `Host`, or the target of the request in another way than the router did, could be led astray
(CVE-2026-48710, CVE-2026-49468).
"""

from __future__ import annotations

import time
from ipaddress import ip_address, ip_network
from random import getrandbits
from urllib.parse import urlsplit

from aiollm.proxy import page
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.keys import Identity
from aiollm.proxy.loopback import is_loopback
from aiollm.proxy.request import Request
from aiollm.proxy.route import Route

__all__ = ["check", "new_request_id"]

_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "x-litellm-api-key")
_PUBLIC = Identity("public")
_SIGNED_IN = Identity("admin")


def new_request_id() -> str:
    """Return a name for a request that nobody else has: 32 hexadecimal digits, of which 20 are random.

    It gives no right to anything, so it may be guessed: nobody asks the system for each one.

    They begin with the time, in milliseconds: rows of spend are looked up by them, and an index whose entries come in
    order costs the store half of what it does when each goes to another page.
    """
    return f"{time.time_ns() // 1_000_000:012x}{getrandbits(80):020x}"


def check(gateway: Gateway, route: Route, request: Request, request_id: str) -> Caller:
    """Return who calls a route.

    Raises:
        Refusal: they may not.
    """
    if gateway.config.general.allowed_ips:
        _check_address(gateway.config.general.allowed_ips, request)
    if route.right == "public":
        return Caller(_PUBLIC, request_id)
    if route.right == "metrics" and not gateway.config.litellm.require_auth_for_metrics_endpoint:
        return Caller(_PUBLIC, request_id)
    if route.right == "page":
        page.require_session(gateway, request)
        return Caller(_SIGNED_IN, request_id)
    identity = gateway.keyring.identify(_presented(gateway, request), time.time())
    path = route.paths[0]
    if route.right == "admin" or (route.right == "metrics" and not _names(identity, path)):
        identity.require_admin()
    if identity.role == "anyone":
        _check_origin(request)
    identity.require(route=path)
    return Caller(identity, request_id)


def _names(identity: Identity, path: str) -> bool:
    """Whether a key was made for a route expressly."""
    return identity.key is not None and path in identity.key.routes


def _presented(gateway: Gateway, request: Request) -> str | None:
    """Return the key that a request carries, whichever of the clients' headers it is in; None where there is none."""
    own = gateway.config.general.litellm_key_header_name
    for name in _HEADERS if own is None else (own, *_HEADERS):
        value = request.headers.get(name)
        if value:
            scheme, _, rest = value.partition(" ")
            return rest.strip() if scheme.lower() == "bearer" else value
    return None


def _check_address(allowed: tuple[str, ...], request: Request) -> None:
    if not _within(request.remote, allowed):
        message = "requests from this address are not allowed"
        raise Refusal(Failure(403, message, "address_not_allowed", "permission_error"))


def _check_origin(request: Request) -> None:
    """Refuse what a page of the web sends: where no key is asked for, any page that is open here could call.

    It also holds against names that were made to point here (DNS rebinding): a page's origin has the name.
    """
    origin = request.headers.get("origin")
    if origin is not None and not is_loopback(urlsplit(origin).hostname or ""):
        message = "pages of other sites may not call a proxy that asks for no key"
        raise Refusal(Failure(403, message, "origin_not_allowed", "permission_error"))


def _within(remote: str | None, allowed: tuple[str, ...]) -> bool:
    try:
        address = ip_address(remote or "")
        return any(address in ip_network(network, strict=False) for network in allowed)
    except ValueError:
        return False
