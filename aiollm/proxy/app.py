"""The routes as an application: each is guarded before it is handled, and every error has the form of its route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from aiollm.proxy.connection import connection_of
from aiollm.proxy.failing import failed, failure_response
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.guard import check, new_request_id
from aiollm.proxy.inbound.chat import chat_error
from aiollm.proxy.route import Route
from aiollm.proxy.routes import ROUTES
from aiollm.proxy.upload import MOST_BYTES

__all__ = ["make_app"]

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(gateway: Gateway, routes: Sequence[Route] = ROUTES) -> web.Application:
    """Return the application of a worker, to be run by `AppRunner(app, handler_cancellation=True)`.

    Args:
        gateway: the worker's state.
        routes: what there is.
    """
    app = web.Application(client_max_size=MOST_BYTES, middlewares=[_in_openais_form])
    for route in routes:
        for path in route.paths:
            app.router.add_route(route.method, path, _guarded(gateway, route))
    app.on_response_prepare.append(_name_no_version)
    return app


def _guarded(gateway: Gateway, route: Route) -> Answer:
    async def handle(request: web.Request) -> web.StreamResponse:
        request_id = new_request_id()
        connection = connection_of(request)
        if connection is not None:
            connection.begin()
        try:
            caller = check(gateway, route, request, request_id)
            return await route.handler(gateway, request, caller)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told, and the log has it
            failure = failed(error, request_id, over_budget=gateway.over_budget)
            return failure_response(failure, route.error, request_id)
        finally:
            if connection is not None:
                connection.end()

    return handle


@web.middleware
async def _in_openais_form(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Give what no route answers (404, 405) the form that clients of OpenAI's can read."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        request_id = new_request_id()
        response = failure_response(failed(error, request_id), chat_error, request_id)
        if isinstance(error, web.HTTPMethodNotAllowed):
            response.headers["allow"] = error.headers["Allow"]
        return response


async def _name_no_version(request: web.Request, response: web.StreamResponse) -> None:
    """Say who answers, in the place of aiohttp's header, which tells its version and Python's."""
    response.headers["server"] = "aiollm"
