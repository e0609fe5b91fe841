"""The routes of the page, off where no master key is set. Whoever shows the master key is signed in for some hours."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from msgspec.structs import replace

from aiollm.exceptions import APIError
from aiollm.integrations import web
from aiollm.proxy.admin.asking import kept, missing, written
from aiollm.proxy.admin.keys import delete_keys, make_key
from aiollm.proxy.answering import answer
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.inbound.format import CHAT
from aiollm.proxy.keys import HolderId
from aiollm.proxy.page.gate import master_key, session_of
from aiollm.proxy.page.keys import asked_key, keys_page
from aiollm.proxy.page.layout import HEADERS, SCRIPT, STYLE, document, page_response
from aiollm.proxy.page.markup import element
from aiollm.proxy.page.overview import live_calls, overview
from aiollm.proxy.page.playground import asked_chat, playground
from aiollm.proxy.page.session import COOKIE, SESSION_SECONDS, form_token, is_form_token, new_session
from aiollm.proxy.request import Request
from aiollm.proxy.route import Route
from aiollm.proxy.upload import read_upload

__all__ = ["PAGE"]

Form = Mapping[str, str]
Posted = Callable[[Gateway, Request, Caller, Form], Awaitable[web.StreamResponse]]


# Signing in and out


async def _home(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    if session_of(gateway, request) is None:
        return _sign_in()
    token = _token(gateway, request)
    try:
        return page_response(document("Overview", await overview(gateway), token=token))
    except Refusal as refusal:
        fault = element("p", refusal.failure.message, class_="fault full", role="alert")
        return page_response(document("Overview", fault, token=token), refusal.failure.status)


def _sign_in(fault: str | None = None) -> web.Response:
    form = element(
        "form",
        element(
            "label",
            element("span", "Master key"),
            element("input", name="key", type="password", autocomplete="current-password", required=True),
        ),
        element("button", "Sign in"),
        element("p", fault, class_="fault", role="alert") if fault else None,
        method="post",
        action="/ui",
        class_="fields tall sign-in",
    )
    return page_response(document("Sign in", form), 403 if fault else 200)


async def _enter(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    master = master_key(gateway)
    form = await _form(gateway, request)
    try:
        is_master = gateway.keyring.identify(form.get("key") or None, time.time()).role == "admin"
    except Refusal:
        is_master = False
    if not is_master:
        return _sign_in("This is not the master key.")
    response = _seen("/ui")
    response.set_cookie(
        COOKIE,
        new_session(master, time.time()),
        max_age=SESSION_SECONDS,
        path="/ui",
        httponly=True,
        samesite="Strict",
        secure=request.secure,
    )
    return response


async def _leave(gateway: Gateway, request: Request, caller: Caller, form: Form) -> web.StreamResponse:
    response = _seen("/ui")
    response.del_cookie(COOKIE, path="/ui")
    return response


def _seen(place: str) -> web.Response:
    """Return the response that has a browser look at a page: going back does not send a form again."""
    return web.Response(status=303, headers={**HEADERS, "location": place})


async def _style(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    master_key(gateway)
    return web.Response(body=STYLE, content_type="text/css", charset="utf-8", headers=HEADERS)


async def _script(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    master_key(gateway)
    return web.Response(body=SCRIPT, content_type="text/javascript", charset="utf-8", headers=HEADERS)


# For who is signed in


async def _live(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    return page_response(live_calls(gateway, time.time()))


async def _keys(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    token = _token(gateway, request)
    return page_response(document("Keys", keys_page(gateway, token), token=token))


async def _make_key(gateway: Gateway, request: Request, caller: Caller, form: Form) -> web.StreamResponse:
    token = _token(gateway, request)
    try:
        key, _ = await make_key(gateway, asked_key(form))
    except APIError as error:
        parts = keys_page(gateway, token, fault=error.message)
        return page_response(document("Keys", parts, token=token), 400)
    return page_response(document("Keys", keys_page(gateway, token, made=str(key)), token=token))


async def _change_key(gateway: Gateway, request: Request, caller: Caller, form: Form) -> web.StreamResponse:
    await kept(gateway.spending.flush())
    holder = gateway.keyring.get(HolderId("key", form.get("name", "")))
    if holder is None:
        raise missing("key", "name")
    if form.get("do") == "revoke":
        await delete_keys(gateway, [holder])
    else:
        await written(gateway, [replace(holder, blocked=form.get("do") == "block")])
    return _seen("/ui/keys")


async def _playground(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    token = _token(gateway, request)
    return page_response(document("Playground", playground(gateway, token), token=token))


async def _chat(gateway: Gateway, request: Request, caller: Caller, form: Form) -> web.StreamResponse:
    return await answer(gateway, request, caller, CHAT.parse(asked_chat(form)), CHAT, "chat")


# Forms


def _token(gateway: Gateway, request: Request) -> str:
    return form_token(master_key(gateway), request.cookies[COOKIE])


async def _form(gateway: Gateway, request: Request) -> dict[str, str]:
    body = await read_upload(gateway, request)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise _foreign() from None


def _posted(handler: Posted) -> Callable[[Gateway, Request, Caller], Awaitable[web.StreamResponse]]:
    """Return a handler of a form: one that this page gave to this session, and no other."""

    async def handle(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
        form = await _form(gateway, request)
        if not is_form_token(master_key(gateway), request.cookies[COOKIE], form.get("token", "")):
            raise _foreign()
        return await handler(gateway, request, caller, form)

    return handle


def _foreign() -> Refusal:
    return Refusal(Failure(403, "this is no form of the page", "foreign_form", "permission_error"))


PAGE: tuple[Route, ...] = (
    Route("GET", ("/ui",), "public", _home),
    Route("POST", ("/ui",), "public", _enter),
    Route("GET", ("/ui/style.css",), "public", _style),
    Route("GET", ("/ui/script.js",), "public", _script),
    Route("POST", ("/ui/leave",), "page", _posted(_leave)),
    Route("GET", ("/ui/live",), "page", _live),
    Route("GET", ("/ui/keys",), "page", _keys),
    Route("POST", ("/ui/keys",), "page", _posted(_make_key)),
    Route("POST", ("/ui/keys/change",), "page", _posted(_change_key)),
    Route("GET", ("/ui/playground",), "page", _playground),
    Route("POST", ("/ui/chat",), "page", _posted(_chat)),
)
