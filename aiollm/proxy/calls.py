"""The routes that ask a model, in each format that clients speak."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from aiollm.async_router import AsyncRouter
from aiollm.integrations import web
from aiollm.providers.tokens import token_counter
from aiollm.proxy import inbound, resume
from aiollm.proxy.answering import answer
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.groups import has_responses, speaks_anthropic
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.body import asked_model, read_body
from aiollm.proxy.inbound.failure import Failure
from aiollm.proxy.inbound.format import CHAT, Format
from aiollm.proxy.request import Request
from aiollm.proxy.response_headers import REQUEST_ID
from aiollm.proxy.route import Handler, Route
from aiollm.proxy.upload import read_upload

__all__ = ["CALLS"]

Choose = Callable[[AsyncRouter, dict[str, Any]], Format]
"""Picks the format of a request by the model that it asks: some of it depends on what the deployments understand. All
formats but that of chat are loaded when the first of them is picked."""


def _paths(path: str) -> tuple[str, ...]:
    """Return where a route of OpenAI's is: with and without /v1, and where older clients put the model's name."""
    engines = (f"/v1/engines/{{model:.+}}{path}", f"/engines/{{model:.+}}{path}")
    return (f"/v1{path}", path, *engines, f"/openai/deployments/{{model:.+}}{path}")


def _read(request: Request, data: bytes) -> dict[str, Any]:
    """Return the body of a request as an object; a model in the path goes before one in the body."""
    body = read_body(data)
    if named := request.named.get("model"):
        body["model"] = named
    return body


def _answering(name: str, choose: Format | Choose) -> Handler:
    """Return the handler of a format."""

    async def handle(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
        body = _read(request, await read_upload(gateway, request))
        if gateway.streams is not None and (seen := request.headers.get(resume.LAST_EVENT_ID)) is not None:
            return await resume.take_up(gateway, request, caller, seen)
        form = choose if isinstance(choose, Format) else choose(gateway.router, body)
        asked = form.parse(body)
        if asked.stream:
            asked = _as_configured(gateway, asked)
        return await answer(gateway, request, caller, asked, form, name)

    return handle


def _as_configured(gateway: Gateway, asked: Asked) -> Asked:
    """Return what is asked, with the operator's word on whether streams tell their usage."""
    shows = gateway.config.general.always_include_stream_usage
    return asked if shows is None else replace(asked, include_usage=shows)


def _completion(router: AsyncRouter, body: dict[str, Any]) -> Format:
    return inbound.COMPLETION


def _embedding(router: AsyncRouter, body: dict[str, Any]) -> Format:
    return inbound.EMBEDDING


def _message(router: AsyncRouter, body: dict[str, Any]) -> Format:
    return inbound.MESSAGE_FOR_CLAUDE if speaks_anthropic(router, asked_model(body)) else inbound.MESSAGE


def _response(router: AsyncRouter, body: dict[str, Any]) -> Format:
    return inbound.RESPONSE if has_responses(router, asked_model(body)) else inbound.RESPONSE_BY_CHAT


def _message_error(failure: Failure) -> bytes:
    return inbound.message_error(failure)


async def _count_tokens(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    """Tell how many tokens a message is: counted where a vocabulary is at hand, else estimated. Nothing is sent."""
    body = _read(request, await read_upload(gateway, request))
    asked = inbound.parse_message(body, keeps_own=False, counts=True)
    call = gateway.grants.of(caller.identity, asked).call(asked)
    messages, tools = asked.arguments["messages"], asked.arguments.get("tools")
    tokens = token_counter(call.target.model, messages=messages, tools=tools)
    headers = {REQUEST_ID: caller.request_id}
    return web.Response(
        body=inbound.count_response(tokens), headers=headers, content_type="application/json", charset="utf-8"
    )


_call = partial(Route, "POST", right="call")

CALLS: tuple[Route, ...] = (
    _call(_paths("/chat/completions"), handler=_answering("chat", CHAT)),
    _call(_paths("/completions"), handler=_answering("completion", _completion)),
    _call(_paths("/embeddings"), handler=_answering("embedding", _embedding)),
    _call(("/v1/responses", "/responses"), handler=_answering("response", _response)),
    _call(("/v1/messages",), handler=_answering("message", _message), error=_message_error),
    _call(("/v1/messages/count_tokens",), handler=_count_tokens, error=_message_error),
)
