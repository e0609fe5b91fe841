"""The routes as a server: each is guarded before it is handled, and every error has the form of its route."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from aiollm.integrations import web
from aiollm.proxy.connection import connection_of
from aiollm.proxy.failing import failed, failure_response
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.guard import check, new_request_id
from aiollm.proxy.inbound.chat import chat_error
from aiollm.proxy.inbound.failure import Failure
from aiollm.proxy.request import Request
from aiollm.proxy.response_headers import SERVER
from aiollm.proxy.route import Route
from aiollm.proxy.routes import ROUTES, further_routes
from aiollm.proxy.table import RouteTable

__all__ = ["make_server"]


def make_server(gateway: Gateway, routes: Sequence[Route] = ROUTES, **settings: Any) -> web.Server:
    """Return the server of a worker. Its handlers are cancelled when their clients leave.

    aiohttp's own application is not needed for it: that resolves, wraps and tells of each request what none of these
    routes asks for.

    Args:
        gateway: the worker's state.
        routes: what there is beside the further ones.
        settings: of aiohttp's protocol.
    """
    table = RouteTable(routes, further_routes)
    request_of = partial(Request, loop=asyncio.get_running_loop())

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, Request)
        guard = connection_of(request)
        if guard is None:
            return web.Response()  # the client is gone: nobody gets it
        request.guard = guard
        guard.begin()
        request_id = new_request_id()
        form: Callable[[Failure], bytes] = chat_error
        try:
            route, request.named = table.find(request.method, request.rel_url.path_safe)
            form = route.error
            caller = check(gateway, route, request, request_id)
            response = await route.handler(gateway, request, caller)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told, and the log has it
            response = failure_response(failed(error, request_id, over_budget=gateway.over_budget), form, request_id)
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers["allow"] = error.headers["Allow"]
        finally:
            guard.end()
        if not response.prepared:
            response.headers["server"] = SERVER
        return response

    return web.Server(handle, request_factory=request_of, handler_cancellation=True, **settings)
