"""The body of a request, read within its limits of size and time."""

from __future__ import annotations

import asyncio

from aiollm.integrations import web
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.request import Request

__all__ = ["BODY_SECONDS", "MOST_BYTES", "read_upload"]

MOST_BYTES = 10 * 1024 * 1024
"""How long a body may be, inflated, where the configuration does not say (`general_settings.max_request_size_mb`)."""

BODY_SECONDS = 30.0
"""How long a client may take to send it."""


async def read_upload(gateway: Gateway, request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        Refusal: it is longer than it may be (413), or did not come in time (408).
    """
    given = gateway.config.general.max_request_size_mb
    most = MOST_BYTES if given is None else int(given * 1024 * 1024)
    content = request.content
    if content.is_eof():  # it came with its head, as nearly all do: there is nothing to wait for
        body = content.read_nowait()
        if len(body) > most:
            raise _too_large(most)
        return body
    if (request.content_length or 0) > most:
        raise _too_large(most)
    if request.headers.get("expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # the client waits for it
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in content.iter_any():
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                pieces.append(piece)
    except TimeoutError:
        message = f"the body did not come within {BODY_SECONDS:g} s"
        raise Refusal(Failure(408, message, "request_timeout", "invalid_request_error", retryable=True)) from None
    except web.RequestPayloadError:
        raise Refusal(Failure(400, "the body cannot be read", "invalid_body", "invalid_request_error")) from None
    return b"".join(pieces)


def _too_large(most: int) -> Refusal:
    message = f"the body is longer than the {most} bytes that are allowed"
    return Refusal(Failure(413, message, "request_too_large", "invalid_request_error"))
