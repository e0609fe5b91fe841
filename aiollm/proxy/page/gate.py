"""Who is at the page. The guard asks here; a virtual key, or a key in a header, opens nothing."""

from __future__ import annotations

import time

from aiollm.integrations import web
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.page.session import COOKIE, is_session
from aiollm.proxy.request import Request
from aiollm.types.secret import Secret

__all__ = ["master_key", "require_session", "session_of"]


def master_key(gateway: Gateway) -> Secret:
    """Return the master key.

    Raises:
        HTTPNotFound: there is none, and so no page.
    """
    if gateway.config.general.master_key is None:
        raise web.HTTPNotFound
    return gateway.config.general.master_key


def session_of(gateway: Gateway, request: Request) -> str | None:
    """Return the cookie of a request, if it is one of a session that has not ended.

    Raises:
        HTTPNotFound: there is no page.
    """
    master = master_key(gateway)
    cookie = request.cookies.get(COOKIE)
    return cookie if is_session(master, cookie, time.time()) else None


def require_session(gateway: Gateway, request: Request) -> None:
    """Check that somebody is signed in.

    Raises:
        HTTPNotFound: there is no page.
        Refusal: nobody is.
    """
    if session_of(gateway, request) is None:
        raise Refusal(Failure(401, "nobody is signed in: open /ui", "no_session", "authentication_error"))
