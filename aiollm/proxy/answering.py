"""One call, from what is asked to the last byte of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType

import msgspec
from msgspec.structs import replace

from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.stream import AnswerStream
from aiollm.integrations import web
from aiollm.integrations.relaying import relay
from aiollm.outbound.frames import EventWriter
from aiollm.proxy import resume
from aiollm.proxy.caller import Caller
from aiollm.proxy.delivery import SILENCE_SECONDS, Delivery, EventDelivery
from aiollm.proxy.failing import failed
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.grant import Grant
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.failure import Failure
from aiollm.proxy.inbound.format import Format
from aiollm.proxy.live import LiveCall
from aiollm.proxy.pieces import pieces_of
from aiollm.proxy.request import Request
from aiollm.proxy.response_headers import JSON, answer_headers, answering_attempt, stream_headers
from aiollm.proxy.sending import WholeResponse
from aiollm.proxy.settlement import Settlement, admit

__all__ = ["answer"]


async def answer(
    gateway: Gateway, request: Request, caller: Caller, asked: Asked, form: Format, name: str
) -> web.StreamResponse:
    """Ask a model, and send its answer to the client.

    Args:
        gateway: the worker's state.
        request: the client's request.
        caller: who calls.
        asked: what is asked.
        form: the format of the answer.
        name: the format's name, for rows of spend and the list of live calls.

    Raises:
        Refusal: the caller may not; nothing was sent.
        APIError: the call failed before anything of the answer was sent to the client.

    Cancelling closes the connection to the provider; so does the client's leaving, by which aiohttp cancels. Of a whole
    answer that is the operator's to say (`general_settings.cancel_on_disconnect`); a stream that may be taken up again
    is read on for a while.
    """
    general = gateway.config.general
    if (turn := gateway.entrance.enter(general)) is not None:
        await gateway.entrance.wait(turn, general)
    answering = _let_in(gateway, request, caller, asked, form, name)
    return await (answering if asked.stream or general.cancel_on_disconnect else gateway.to_the_end(answering))


async def _let_in(
    gateway: Gateway, request: Request, caller: Caller, asked: Asked, form: Format, name: str
) -> web.StreamResponse:
    """Answer a call that has its place, and give that back when nothing is done for the call any more."""
    exchange: _Exchange | None = None
    try:
        grant = gateway.grants.of(caller.identity, asked)
        call = grant.call(asked)
        settlement = admit(gateway, caller, asked, grant, call, name)
        if settlement.reservation.waits:
            await settlement.reservation.told()
        key = caller.identity.key
        live = LiveCall(caller.request_id, name, asked.model, key, asked.stream, settlement.started, call.scope)
        exchange = _Exchange(gateway, request, caller, asked, form, grant, call, settlement, live)
        return await (exchange.stream() if asked.stream else exchange.whole())
    finally:
        if exchange is None or exchange.work is None:
            gateway.entrance.leave()
        else:
            exchange.work.add_done_callback(lambda work: gateway.entrance.leave())


class _Exchange(msgspec.Struct, eq=False):
    """A call that has been let in, and its client.

    Attributes:
        work: what reads a stream that may be taken up again: it goes on when the client is gone.
    """

    gateway: Gateway
    request: Request
    caller: Caller
    asked: Asked
    form: Format
    grant: Grant
    call: Call
    settlement: Settlement
    live: LiveCall
    work: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        """List the call among those that go on."""
        self.gateway.live.add(self.live)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Settle it if it comes to no answer, and list it no more."""
        try:
            if error is not None:
                self.settlement.failed(error)
        finally:
            self.gateway.live.remove(self.live)

    async def whole(self) -> web.StreamResponse:
        """Return the whole answer."""
        with self:
            reply = await self.gateway.router.send(self.grant.api, self.call)
            reply.notify(self.settlement.answered)
        own = answering_attempt(reply)
        named = self._named(own)
        headers = answer_headers(reply, own, named.model, self.caller.request_id)
        if self.settlement.charge is not None:
            headers["x-litellm-response-cost"] = f"{self.settlement.charge.usd:.12g}"
        body = self.form.whole(reply.response, named)
        headers["content-type"] = JSON
        return WholeResponse(headers, body)

    async def stream(self) -> web.StreamResponse:
        """Send a streamed answer, and return the response that carried it."""
        assert self.form.writer is not None
        writer = self.form.writer(self.asked)
        silence = self.gateway.config.litellm.sse_keepalive_ping_interval_seconds or SILENCE_SECONDS
        early = stream_headers(self.caller.request_id)
        delivery = EventDelivery(self.request, early, writer.heartbeat, silence)
        streams = self.gateway.resumable
        log = (
            None if streams is None else streams.open(self.caller.owner, self.form.writer(self.asked).fail(resume.LOST))
        )
        if streams is not None and log is not None:
            self.work = streams.start(log, self._deliver(writer, resume.Recording(log, delivery), early))
            await resume.follow(log.read(), delivery, early)
        else:
            async with delivery:
                await self._deliver(writer, delivery, early)
        assert delivery.response is not None
        return delivery.response

    async def _deliver(self, writer: EventWriter, delivery: Delivery, early: Mapping[str, str]) -> None:
        """Ask, and send what comes, to its end."""
        with self:
            try:
                reply = await self.gateway.router.send(self.grant.api, self.call)
                reply.notify(self.settlement.answered)
            except Exception as error:
                if not delivery.begun:
                    raise
                self.settlement.failed(error)
                await delivery.end(writer.fail(self._told(error)))
                return
            assert isinstance(reply, AnswerStream)
            own = answering_attempt(reply)
            named = self._named(own)
            if named is not self.asked and self.form.writer is not None:
                writer = self.form.writer(named)
            async with reply:
                await delivery.begin({**early, **answer_headers(reply, own, named.model, self.caller.request_id)})
                self.live.answer = reply
                try:
                    pieces = pieces_of(reply, named, self.form, writer)
                    await relay(pieces, writer, delivery, self._told)
                except (asyncio.CancelledError, ConnectionError) as error:
                    self.settlement.cut = self.request.guard.cut
                    if isinstance(error, asyncio.CancelledError):
                        raise  # else the client is gone as well, and aiohttp finds that out by itself

    def _named(self, own: Attempt | None) -> Asked:
        """Return what was asked, by the name of the model that answers: another's where that stands in."""
        if own is None or own.group is None or own.group == self.call.group:
            return self.asked
        return replace(self.asked, model=own.group)

    def _told(self, error: Exception) -> Failure:
        return failed(error, self.caller.request_id, over_budget=self.gateway.over_budget)
