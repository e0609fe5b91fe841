"""One route: where it is, who may call it, and what answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from aiollm.integrations import web
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.chat import chat_error
from aiollm.proxy.inbound.failure import Failure
from aiollm.proxy.request import Request

__all__ = ["Handler", "Right", "Route"]

Right = Literal["public", "call", "admin", "metrics", "page"]
"""Who may call a route: anybody; whoever has a key that may call it; who has the master key; who has that, or a key
that names the route, unless the configuration lets anybody read the metrics; who has signed in at the page."""

Handler = Callable[[Gateway, Request, Caller], Awaitable[web.StreamResponse]]


class Route(msgspec.Struct, frozen=True):
    """A route.

    Attributes:
        method: the HTTP method.
        paths: its paths, in the form of aiohttp's router; the first is the one that rights of keys are given for.
        right: who may call it.
        handler: answers; what it raises becomes an error in the route's own form.
        error: the body of an error.
    """

    method: str
    paths: tuple[str, ...]
    right: Right
    handler: Handler
    error: Callable[[Failure], bytes] = chat_error
