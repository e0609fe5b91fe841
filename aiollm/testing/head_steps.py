"""Steps for the head of an answer, and for answers that are whole in themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias

from aiollm.testing.exchange import Exchange
from aiollm.testing.step import Step, call_name, nested, require
from aiollm.testing.tongues.framing import EVENT_STREAM

Fields: TypeAlias = "Mapping[str, str] | Sequence[tuple[str, str]]"
Body: TypeAlias = "str | bytes | Mapping[str, object] | Sequence[object]"

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_HTML = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


def headers(
    fields: Fields | None = None,
    *,
    status: int = 200,
    reason: str | None = None,
    content_type: str | None = None,
    length: int | None = None,
) -> Step:
    """Send the head now, with these header fields; a field given here replaces the server's own of that name.

    `content_type` is the stream's by default. `length` declares a Content-Length in bytes, true or not, in place of
    the chunked framing.
    """
    listed = _checked_fields("headers", fields)
    require(100 <= status <= 599, f"headers: status is a number from 100 to 599, not {status!r}")
    require(length is None or length >= 0, f"headers: length is a number of bytes, not {length!r}")

    async def run(exchange: Exchange) -> None:
        head = exchange.head
        head.status, head.reason = status, reason
        head.fields += listed
        if content_type is not None:
            head.default("Content-Type", content_type)
        if length is not None:
            head.framing, head.length = "length", length
        await exchange.send_head()

    return Step(call_name("headers", status=status, fields=fields, length=length), run, sets_head=True, sends=True)


def close_delimited() -> Step:
    """Send the body without length or chunks: `Connection: close`, and the end of the connection is its end."""

    async def run(exchange: Exchange) -> None:
        exchange.head.framing = "close"

    return Step("close_delimited()", run, sets_head=True)


def http10() -> Step:
    """Answer as an HTTP/1.0 server does: no chunks, and the end of the connection is the end of the body."""

    async def run(exchange: Exchange) -> None:
        exchange.head.version, exchange.head.framing = "1.0", "close"

    return Step("http10()", run, sets_head=True)


def content_length(*steps: Step) -> Step:
    """Send the body of these steps under its true Content-Length, with their gaps, in place of chunks."""

    async def run(exchange: Exchange) -> None:
        with exchange.recording() as timeline:
            for step in steps:
                await step.run(exchange)
        exchange.head.framing = "length"
        exchange.head.length = sum(len(entry) for entry in timeline if isinstance(entry, bytes))
        await exchange.replay(timeline)

    require(not any(step.ends for step in steps), "content_length() ends the body itself: move the ending outside")
    return nested("content_length", steps, run, sets_head=True)


def informational(status: int = 103, fields: Fields | None = None) -> Step:
    """Send a 1xx answer before the real one."""
    listed = _checked_fields("informational", fields)
    require(100 <= status <= 199 and status != 101, f"informational: a status from 100 to 199, not {status!r}")

    async def run(exchange: Exchange) -> None:
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{name}: {value}" for name, value in listed), "", ""]
        await exchange.write("\r\n".join(lines).encode("latin-1"))

    return Step(call_name("informational", status), run, sets_head=True)


def status(
    code: int,
    *,
    retry_after: float | str | None = None,
    body: Body | None = None,
    fields: Fields | None = None,
    content_type: str | None = None,
) -> Step:
    """Answer with this status and a whole body, and nothing else.

    `retry_after` becomes the `Retry-After` field as it is (seconds, or an HTTP date as text). A mapping or list is sent
    as JSON, text as plain text. Without a body, statuses from 400 get the error object of the wire format.
    """
    require(200 <= code <= 599, f"status: a number from 200 to 599, not {code!r}")
    listed = _checked_fields("status", fields)
    if retry_after is not None:
        listed += _checked_fields("status", {"Retry-After": f"{retry_after}"})
    name = call_name("status", code, retry_after=retry_after, body=body)
    if body is None and code >= 400:
        return _failure(name, code, listed, content_type)
    kind, payload = _encoded(body)
    return _whole(name, code, listed, content_type or kind, payload)


def no_content() -> Step:
    """Answer 204 without a body."""
    return _whole("no_content()", 204, [], None, None)


def empty200() -> Step:
    """Answer 200 with the head of an event stream and no byte of a body."""
    return _whole("empty200()", 200, [], EVENT_STREAM, b"")


def html200(page: str = _HTML) -> Step:
    """Answer 200 with a web page, as a proxy between the client and the provider does."""
    return _whole("html200()", 200, [], "text/html; charset=utf-8", page.encode())


def redirect(to: str, status: int = 307) -> Step:
    """Answer with a redirect to another URL."""
    require(300 <= status <= 399, f"redirect: a status from 300 to 399, not {status!r}")
    return _whole(call_name("redirect", to), status, _checked_fields("redirect", {"Location": to}), None, b"")


def _failure(name: str, code: int, fields: list[tuple[str, str]], content_type: str | None) -> Step:
    kind = _ERROR_TYPES.get(code, "server_error" if code >= 500 else "invalid_request_error")

    async def run(exchange: Exchange) -> None:
        body = exchange.tongue.failure(code, f"{_phrase(code)} (scripted)", kind)
        encoded_as, payload = _encoded(body)
        await _whole(name, code, fields, content_type or encoded_as, payload).run(exchange)

    return Step(name, run, sets_head=True, sends=True, ends=True)


def _whole(name: str, code: int, fields: list[tuple[str, str]], kind: str | None, body: bytes | None) -> Step:
    async def run(exchange: Exchange) -> None:
        head = exchange.head
        head.status = code
        head.fields += fields
        if head.framing == "chunked" and exchange.keeps_length():
            head.framing, head.length = "length", None if body is None else len(body)
        if kind is not None:
            head.default("Content-Type", kind)
        await exchange.send_head(of_stream=False)
        if body:
            await exchange.body(body)
        await exchange.end()

    return Step(name, run, sets_head=True, sends=True, ends=True)


def _encoded(body: Body | None) -> tuple[str | None, bytes]:
    if body is None:
        return None, b""
    if isinstance(body, bytes):
        return "application/octet-stream", body
    if isinstance(body, str):
        return "text/plain; charset=utf-8", body.encode()
    return "application/json", json.dumps(body).encode()


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return {529: "Overloaded"}.get(code, "Unassigned")


def _checked_fields(step: str, fields: Fields | None) -> list[tuple[str, str]]:
    listed: list[tuple[Any, Any]] = list(fields.items() if isinstance(fields, Mapping) else fields or ())
    for name, value in listed:
        right = isinstance(name, str) and isinstance(value, str) and not set("\r\n") & set(name + value)
        require(right, f"{step}: header field {name!r} must be text without line ends; use wire() for broken heads")
    return listed
