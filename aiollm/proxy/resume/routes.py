"""How a client takes up a stream again: the same request once more, or a GET of the stream."""

from __future__ import annotations

from aiollm.core.redis.link import RedisUnavailable
from aiollm.integrations import web
from aiollm.proxy.caller import Caller
from aiollm.proxy.delivery import SILENCE_SECONDS, EventDelivery
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.request import Request
from aiollm.proxy.response_headers import stream_headers
from aiollm.proxy.resume.event_id import EventId, read_event_id
from aiollm.proxy.resume.log import Reader, Trimmed
from aiollm.proxy.resume.recording import follow
from aiollm.proxy.resume.streams import ResumableStreams
from aiollm.proxy.route import Route

__all__ = ["LAST_EVENT_ID", "RESUME", "take_up"]

LAST_EVENT_ID = "last-event-id"

HEARTBEAT = b": keep-alive\n\n"
"""A comment, which is no event in any format."""


async def take_up(gateway: Gateway, request: Request, caller: Caller, id: str) -> web.StreamResponse:
    """Send what comes after an event of a stream, and go on as the stream does.

    Args:
        gateway: the worker's state.
        request: the client's request.
        caller: who asks: the one who has made the stream, or else there is none.
        id: the last event that it has, or the stream's name.

    Raises:
        Refusal: there is no such stream for the caller, or it is not kept that far back, or that cannot be found out.

    Cancelling, as the client's leaving does, leaves the stream to be taken up once more.
    """
    reader = await _reader(gateway.streams, read_event_id(id), caller)
    early = stream_headers(caller.request_id)
    silence = gateway.config.litellm.sse_keepalive_ping_interval_seconds or SILENCE_SECONDS
    delivery = EventDelivery(request, early, HEARTBEAT, silence)
    await follow(reader, delivery, early)
    assert delivery.response is not None
    return delivery.response


async def _reader(streams: ResumableStreams | None, event: EventId | None, caller: Caller) -> Reader:
    if streams is None:
        message = "streams are not kept here: aiollm_settings.resumable_streams is not set"
        raise Refusal(Failure(404, message, "streams_not_resumable", "invalid_request_error"))
    try:
        reader = None if event is None else await streams.read(event, caller.owner)
    except Trimmed:
        message = "what comes after this event is not kept any more: ask anew"
        raise Refusal(Failure(410, message, "stream_trimmed", "invalid_request_error")) from None
    except RedisUnavailable:
        message = "whether there is such a stream cannot be found out at present"
        raise Refusal(Failure(503, message, "streams_unavailable", "server_error", None, True, 1.0)) from None
    if reader is None:
        message = "there is no such stream for this key: it never was, or it is kept no longer; ask anew"
        raise Refusal(Failure(404, message, "stream_not_found", "invalid_request_error"))
    return reader


async def _get(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    """Take up a stream after the event that the header names, or from its beginning."""
    name = request.named["stream"]
    id = request.headers.get(LAST_EVENT_ID, name)
    event = read_event_id(id)
    return await take_up(gateway, request, caller, id if event is not None and event.stream == name else "")


RESUME: tuple[Route, ...] = (Route("GET", ("/v1/streams/{stream}",), "call", _get),)
