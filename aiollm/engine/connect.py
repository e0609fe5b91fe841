"""The innermost handler: a call goes out over HTTP and comes back as a primed stream."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import msgspec

from aiollm import credentials, dialects, local
from aiollm.core.reader import FrameReader
from aiollm.core.runtime import Runtime
from aiollm.core.transport import Exchange
from aiollm.dialects.base import Codec, Context, WholeCodec
from aiollm.dialects.errors import request_id
from aiollm.dialects.table import dialect_of
from aiollm.engine.call import Call
from aiollm.engine.events import EventStream
from aiollm.engine.mock import mock_stream
from aiollm.engine.redaction import redact, secrets_of
from aiollm.engine.stream import AnswerStream, ChunkStream
from aiollm.engine.wire_source import WireSource
from aiollm.exceptions import APIError, BadRequestError, StreamInterrupted, UnexpectedContentType
from aiollm.providers.auth import signed_headers
from aiollm.providers.prices import price_of_answer, region_of
from aiollm.providers.registry import resolve
from aiollm.types.origin import Origin
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["ask_whole", "open_events", "open_stream"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")
Stream = TypeVar("Stream", bound=AnswerStream[Any, Any])
Answer = TypeVar("Answer")
AnyCodec = TypeVar("AnyCodec", bound=WholeCodec[Any])

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Longest whole reply. Sixteen base64 images of 2 MiB are half of it."""

MAX_ERROR_BYTES = 64 * 1024
"""How much of an error's body is read; the rest is cut."""

_SNIPPET_CHARACTERS = 200

_logger = logging.getLogger("aiollm")


def open_stream(call: Call) -> Awaitable[ChunkStream]:
    """Send a call, and return its stream when the first content has come.

    A call that does not stream comes back as a finished stream with its `response` set.

    Raises:
        APIError: whatever went wrong before the first content.

    Cancelling closes the connection.
    """
    call.scope.check(call.target.provider.name)
    if call.request.mock_response is not None:
        return mock_stream(call, _context(call, ReplyHead(200), call.target.endpoint.url))
    return _asked(call, dialect_of(call.target.provider.dialect), partial(_stream, kind=ChunkStream))


def open_events(call: Call) -> Awaitable[EventStream]:
    """Send a call of the Responses API, and return its events when the first content has come.

    A call that does not stream comes back as a finished stream with its `response` set.

    Raises:
        APIError: whatever went wrong before the first content.

    Cancelling closes the connection.
    """
    call.scope.check(call.target.provider.name)
    return _asked(call, dialects.ResponsesAPI(), partial(_stream, kind=EventStream))


def ask_whole(call: Call, codec: WholeCodec[Whole]) -> Awaitable[Whole]:
    """Send a call of an API that does not stream, and return the answer.

    Raises:
        APIError: whatever went wrong.

    Cancelling closes the connection.
    """
    call.scope.check(call.target.provider.name)
    return _asked(call, codec, _whole)


async def _asked(
    call: Call, codec: AnyCodec, read: Callable[[Call, AnyCodec, Exchange, Context], Awaitable[Answer]]
) -> Answer:
    """Give the call its credentials, send its request and have the reply read; what goes wrong gets its facts.

    Raises:
        APIError: whatever went wrong; the reply may have another status than success.
    """
    exchange = Exchange(Runtime.of(call.scope.loop).pool, call.scope)
    try:
        if call.target.provider.serve == "local":
            call = await _served(call)
        elif call.target.token_source is not None:
            call = await _with_token(call, call.target.token_source)
        elif call.target.provider.identity is not None:
            call = await _identified(call)
        http = _encode(codec, call)
        head = await exchange.send(http.url, _headers(http, call), http.body)
        if not 200 <= head.status < 300:
            raise await _refusal(call, codec, exchange)
        return await read(call, codec, exchange, _context(call, head, http.url))
    except BaseException as error:
        exchange.abort(None)
        if isinstance(error, APIError):
            _add_facts(error, call, exchange)
        raise


def _add_facts(error: APIError, call: Call, exchange: Exchange) -> None:
    error.with_context(
        model=call.request.model,
        llm_provider=call.target.provider.name,
        host=exchange.host or None,
        attempt=call.attempt,
        elapsed=call.scope.loop.time() - call.scope.started,
        request_id=request_id(exchange.head.headers),
        headers=exchange.head.headers or None,
        phase=_PHASES[exchange.phase],
    )
    redact(error, secrets_of(call))
    if isinstance(error, StreamInterrupted):
        error.retryable = True  # it broke off before anybody had seen any of it


_PHASES = {"connect": "request", "headers": "headers", "body": "first_token"}


async def _refusal(call: Call, codec: WholeCodec[Any], exchange: Exchange) -> APIError:
    """Return the error that a reply with another status than success stands for."""
    head = exchange.head
    body = await exchange.read_all(MAX_ERROR_BYTES, cut=True)
    if 300 <= head.status < 400:
        return _redirected(head, call)
    return codec.error(head, body, call.request, call.target.endpoint)


async def _whole(call: Call, codec: WholeCodec[Whole], exchange: Exchange, context: Context) -> Whole:
    return codec.decode(await exchange.read_all(MAX_BODY_BYTES), call.request, context)


async def _stream(
    call: Call, codec: Codec[Piece, Whole], exchange: Exchange, context: Context, kind: type[Stream]
) -> Stream:
    request, head = call.request, exchange.head
    if not request.stream:
        body = await exchange.read_all(MAX_BODY_BYTES)
        return kind.replay(call, head, context.origin, codec.decode(body, request, context))

    framer = codec.framer()
    reader = FrameReader(exchange, framer)
    first = await reader.peek()
    if first not in framer.beginnings:
        if first in (b"{", b"["):
            return await _whole_for_stream(call, codec, kind, context, exchange, reader)
        if first in (b"", b"<") or head.content_type != framer.content_type:
            raise _not_a_stream(head, await reader.rest(MAX_ERROR_BYTES, cut=True), call)
    source = WireSource(call, codec.decoder(request, context), context.origin, exchange, reader)
    return kind(await source.opened())


async def _whole_for_stream(
    call: Call,
    codec: Codec[Piece, Whole],
    kind: type[Stream],
    context: Context,
    exchange: Exchange,
    reader: FrameReader,
) -> Stream:
    """Make a stream of a whole answer that came although a stream was asked for."""
    response = codec.decode(await reader.rest(MAX_BODY_BYTES), call.request, context)
    _logger.info("%s answered a streaming request of %s as a whole", exchange.host, call.request.model)
    chunks = codec.split(response, context, call.request)
    return kind.replay(call, exchange.head, context.origin, response, chunks)


async def _served(call: Call) -> Call:
    """Return the call to the address of its embedded model, whose server is started if need be.

    Raises:
        TotalTimeout: the start took the whole time of the call.
    """
    server = await call.scope.wait(local.serve(call.target.model), "the embedded model")
    target = resolve(f"local/{call.target.model}", api_key=server.secret, base_url=server.base_url)
    return msgspec.structs.replace(call, target=target)


async def _with_token(call: Call, source: Callable[[], Any]) -> Call:
    """Return the call with a token that the caller's own function gives.

    Raises:
        AuthenticationError: it gives none.
        TotalTimeout: it took the whole time of the call.
    """
    name = "azure_ad_token_provider"
    token = await call.scope.wait(credentials.fresh_token(source, name), name)
    return msgspec.structs.replace(call, target=msgspec.structs.replace(call.target, secret=token))


async def _identified(call: Call) -> Call:
    """Return the call with the credentials that its request is to be signed with.

    Raises:
        TotalTimeout: fetching them took the whole time of the call.
    """
    target = await call.scope.wait(credentials.identify(call.target), "the source of the credentials")
    return msgspec.structs.replace(call, target=target)


def _context(call: Call, head: ReplyHead, url: str) -> Context:
    target = call.target
    now = int(time.time())
    tier = call.request.params.get("service_tier")
    price = partial(price_of_answer, model=target.model, region=region_of(target), prices=call.prices, asked_tier=tier)
    origin = Origin(call.request.include_usage, target.provider.name, url, head.headers, began=now, price=price)
    return Context(target.endpoint, now, _new_id, origin)


def _encode(codec: WholeCodec[Any], call: Call) -> HttpRequest:
    try:
        return codec.encode(call.request, call.target.endpoint)
    except (TypeError, UnicodeEncodeError, RecursionError) as error:
        raise BadRequestError(f"the request cannot be written as JSON: {error}") from None


def _headers(http: HttpRequest, call: Call) -> dict[str, str]:
    # A buffering proxy on the way compresses in large blocks, and would hold back tokens.
    encodings = "identity" if call.request.stream else "gzip, deflate"
    headers = {**http.headers, "Accept-Encoding": encodings, **call.request.extra_headers}
    return signed_headers(HttpRequest(http.url, headers, http.body), call.target, time.time())


def _redirected(head: ReplyHead, call: Call) -> APIError:
    target = head.headers.get("location", "an unnamed place")
    return BadRequestError(
        f"{call.target.provider.name} answered {head.status} with a redirect to {target!r}, which is not followed, "
        "because it would carry the key along",
        status_code=head.status,
        param="api_base",
        hint="set api_base to the final address",
    )


def _not_a_stream(head: ReplyHead, body: bytes, call: Call) -> APIError:
    text = " ".join(body.decode("utf-8", "replace").split())
    hint = "a web page usually means that api_base is wrong, or that a proxy answered" if text else "check api_base"
    snippet = text[:_SNIPPET_CHARACTERS] + ("..." if len(text) > _SNIPPET_CHARACTERS else "")
    return UnexpectedContentType(
        f"{call.target.provider.name} answered {head.status} with {head.content_type or 'an unnamed type'} "
        f"instead of a stream; {f'it begins {snippet!r}' if text else 'its body is empty'}",
        status_code=502,
        retryable=True,
        hint=hint,
    )


def _new_id() -> str:
    return secrets.token_hex(12)
