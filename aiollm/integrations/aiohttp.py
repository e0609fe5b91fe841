"""Streams in a service that is made with aiohttp's server.

async def chat(request: web.Request) -> web.StreamResponse:
asked = await request.json()
answer = request.app[CLIENT].acompletion("gpt-4o", asked["messages"], stream=True)
return await stream_response(request, answer)


app = web.Application()
app.cleanup_ctx.append(client_context(aiollm.Client))
app.router.add_post("/chat", chat)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

from aiohttp import web

from aiollm.client import AsyncClient
from aiollm.integrations.event_delivery import EventDelivery
from aiollm.integrations.heartbeat import SILENCE_SECONDS
from aiollm.integrations.owned_client import owned
from aiollm.integrations.relaying import Opening, head_of, send_answer
from aiollm.outbound.chat_frames import ChatFrames
from aiollm.outbound.failure import Failure
from aiollm.outbound.frames import AnswerWriter, encode

__all__ = ["CLIENT", "client_context", "stream_response"]

CLIENT: web.AppKey[AsyncClient] = web.AppKey("aiollm_client", AsyncClient)
"""Where the application has its client."""

LOOK_SECONDS = 0.5
"""How often it is looked whether the client is still there: aiohttp tells handlers only if it is told to."""

CLIENT_CLOSED_REQUEST = 499


def client_context(make: Callable[[], AsyncClient]) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return what gives an application a client, `app[CLIENT]`, for as long as it runs: append it to `app.cleanup_ctx`.

    Args:
        make: makes the client when the application starts, in the process and on the loop that serve: `aiollm.Client`,
            a `functools.partial` of it, or a function that returns a `Router`.
    """

    async def context(app: web.Application) -> AsyncIterator[None]:
        async with owned(make) as client:
            app[CLIENT] = client
            yield

    return context


async def stream_response(
    request: web.Request,
    stream: Opening,
    *,
    writer: AnswerWriter | None = None,
    headers: Mapping[str, str] | None = None,
    silence: float = SILENCE_SECONDS,
) -> web.StreamResponse:
    """Send an answer as server-sent events, and return the response that a handler is to return.

    A client that reads slowly slows the provider down, and one that leaves ends the request at the provider, whether
    the application runs with `handler_cancellation` or not. An answer that breaks off ends in an error event, without
    an end marker. What the client is told of an error has no names of servers and no parts of keys.

    Args:
        request: the client's request.
        stream: the stream, or what `acompletion(..., stream=True)` returns, not awaited: then the wait for the first
            content is part of it, silence in it is filled, and what fails before the head is out is a response with
            the status of the error.
        writer: the format; OpenAI's chunks and `[DONE]` where nothing is said.
        headers: further headers, such as those of CORS.
        silence: seconds without an event until a heartbeat is sent. The head goes out with the first one.

    Cancelling closes the connection to the provider.
    """
    writer = ChatFrames() if writer is None else writer
    head = head_of(writer, headers or {})
    async with EventDelivery(request, head, writer.heartbeat, silence) as delivery:
        stay = asyncio.timeout(None)
        try:
            async with stay:
                with _Watch(request, stay):
                    failure = await send_answer(stream, writer, delivery, head)
        except ConnectionError:
            failure = None
        except TimeoutError:
            if not stay.expired():
                raise
            failure = None
    if failure is not None:
        return _refused(failure, headers)
    return delivery.response or web.Response(status=CLIENT_CLOSED_REQUEST)  # which nobody reads


class _Watch:
    """Ends a block as soon as the client is seen to be gone."""

    def __init__(self, request: web.Request, stay: asyncio.Timeout) -> None:
        self._request = request
        self._stay = stay
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> None:
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            self._stay.reschedule(self._loop.time())
        else:
            self._timer = self._loop.call_later(LOOK_SECONDS, self._look)


def _refused(failure: Failure, headers: Mapping[str, str] | None) -> web.Response:
    return web.Response(
        body=encode({"error": failure.members()}),
        status=failure.status,
        headers={**failure.headers(), **(headers or {})},
        content_type="application/json",
        charset="utf-8",
    )
