"""A client's request, as the handlers of routes get it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aiollm.integrations import web
from aiollm.proxy.connection import ConnectionGuard

__all__ = ["Request"]


class Request(web.BaseRequest):
    """A request.

    Attributes:
        guard: the connection that it came over.
        named: what its path has in the places that the route's path has names for.
    """

    guard: ConnectionGuard
    named: Mapping[str, str] = MappingProxyType({})
