"""Streams in a service that is made with Starlette, FastAPI or plain ASGI, none of which is imported here.

app = FastAPI(lifespan=lifespan(aiollm.Client))


@app.post("/chat")
async def chat(request: Request, asked: Asked):
answer = request.state.client.acompletion("gpt-4o", asked.messages, stream=True)
return stream_response(answer)
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from typing import Any, TypeVar

from aiollm.client import AsyncClient
from aiollm.integrations.heartbeat import SILENCE_SECONDS, Heartbeat
from aiollm.integrations.owned_client import owned
from aiollm.integrations.relaying import Opening, Sender, head_of, send_answer
from aiollm.outbound.chat_frames import ChatFrames
from aiollm.outbound.failure import Failure
from aiollm.outbound.frames import AnswerWriter, encode

__all__ = ["AnswerResponse", "lifespan", "stream_response"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
RawHeaders = list[tuple[bytes, bytes]]

AnyClient = TypeVar("AnyClient", bound=AsyncClient)


def lifespan(make: Callable[[], AnyClient]) -> Callable[[Any], AbstractAsyncContextManager[dict[str, AnyClient]]]:
    """Return the `lifespan` of an application that has a client, `request.state.client`, for as long as it runs.

    Args:
        make: makes the client when the application starts, in the process and on the loop that serve: `aiollm.Client`,
            a `functools.partial` of it, or a function that returns a `Router`.
    """

    @asynccontextmanager
    async def context(app: Any) -> AsyncGenerator[dict[str, AnyClient], None]:
        async with owned(make) as client:
            yield {"client": client}

    return context


def stream_response(
    stream: Opening,
    *,
    writer: AnswerWriter | None = None,
    headers: Mapping[str, str] | None = None,
    silence: float = SILENCE_SECONDS,
) -> AnswerResponse:
    """Return the response that sends an answer as server-sent events: an ASGI application.

    Where Starlette is in use it is a `starlette.responses.Response` too, which FastAPI's routes ask for.

    A client that reads slowly slows the provider down, and one that leaves ends the request at the provider. An answer
    that breaks off ends in an error event, without an end marker. What the client is told of an error has no names of
    servers and no parts of keys.

    Args:
        stream: the stream, or what `acompletion(..., stream=True)` returns, not awaited: then the wait for the first
            content is part of it, silence in it is filled, and what fails before the head is out is a response with
            the status of the error.
        writer: the format; OpenAI's chunks and `[DONE]` where nothing is said.
        headers: further headers.
        silence: seconds without an event until a heartbeat is sent. The head goes out with the first one.
    """
    starlette = sys.modules.get("starlette.responses")
    kind = AnswerResponse if starlette is None else _also(starlette.Response)
    return kind(stream, ChatFrames() if writer is None else writer, headers or {}, silence)


class AnswerResponse:
    """An ASGI application that sends one answer to one client. Made by `stream_response`.

    Attributes:
        raw_headers: what its head says, as ASGI has it. Starlette's `headers` and `set_cookie` change it.
        background: what is awaited after the answer, as Starlette does.

    Cancelling closes the connection to the provider.
    """

    status_code: int = 200

    def __init__(self, stream: Opening, writer: AnswerWriter, headers: Mapping[str, str], silence: float) -> None:
        self._stream = stream
        self._writer = writer
        self._silence = silence
        self._own_headers = _raw(headers)
        self.raw_headers: RawHeaders = _raw(head_of(writer, headers))
        self.background: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Send the answer; the rest is for ASGI servers."""
        delivery = _Delivery(send, self.raw_headers, self._writer.heartbeat, self._silence)
        stay = asyncio.timeout(None)
        try:
            async with stay, _Watch(receive, stay):
                with delivery.heartbeat:
                    failure = await send_answer(self._stream, self._writer, delivery, {})
                if failure is not None:
                    await delivery.refuse(failure, self._own_headers)
        except ConnectionError:  # the client is gone
            return
        except TimeoutError:
            if not stay.expired():
                raise
            return
        if self.background is not None:
            await self.background()


class _Watch:
    """Ends a block as soon as the server says that the client is gone."""

    def __init__(self, receive: Receive, stay: asyncio.Timeout) -> None:
        self._receive = receive
        self._stay = stay

    async def __aenter__(self) -> None:
        self._listener = asyncio.create_task(self._listen())

    async def __aexit__(self, *_: object) -> None:
        self._listener.cancel()
        await asyncio.wait([self._listener])

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._stay.reschedule(asyncio.get_running_loop().time())


class _Delivery:
    """The way to the client: messages to the server, one at a time."""

    def __init__(self, send: Send, headers: RawHeaders, heartbeat: bytes, silence: float) -> None:
        self._send_message = send
        self._headers = headers
        self._beat = heartbeat
        self._turn = asyncio.Lock()  # between heartbeats and what they fill the silence of
        self.heartbeat = Heartbeat(silence, self._send_heartbeat)
        self.begun = False
        self.sender: Sender | None = None

    async def begin(self, headers: Mapping[str, str]) -> None:
        if not self.begun:
            self.begun = True
            await self._start(200, [*self._headers, *_raw(headers)])

    async def write(self, frames: bytes) -> None:
        self.heartbeat.sent()
        await self._send({"type": "http.response.body", "body": frames, "more_body": True})

    async def end(self, frames: bytes) -> None:
        await self._send({"type": "http.response.body", "body": frames})

    async def refuse(self, failure: Failure, headers: RawHeaders) -> None:
        """Tell what has failed in place of an answer."""
        told = {"content-type": "application/json; charset=utf-8", **failure.headers()}
        await self._start(failure.status, [*_raw(told), *headers])
        await self.end(encode({"error": failure.members()}))

    async def _start(self, status: int, headers: RawHeaders) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _send(self, message: Message) -> None:
        async with self._turn:
            try:
                await self._send_message(message)
            except OSError as error:  # a server's word for a client that is gone
                raise ConnectionResetError("the client is gone") from error

    async def _send_heartbeat(self) -> None:
        await self.begin({})
        await self.write(self._beat)


@cache
def _also(response: type[Any]) -> type[AnswerResponse]:
    """Return the class of responses that are Starlette's as well."""
    return type(AnswerResponse.__name__, (AnswerResponse, response), {"__doc__": AnswerResponse.__doc__})


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
