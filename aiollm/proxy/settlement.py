"""How a call is let in, and settled: once, whichever way it ends."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import msgspec

from aiollm.engine.call import Call
from aiollm.engine.outcome import Outcome
from aiollm.exceptions import StreamInterrupted
from aiollm.middleware.bill import Bill, Charge, plan_of
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.grant import Grant
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.failure import Failure, Refusal, failure_of
from aiollm.proxy.ledger import Reservation, SpendRow
from aiollm.proxy.ledger.row import Status, UsageSource, nanodollars

__all__ = ["Settlement", "admit"]

_ENDINGS: dict[str, Status] = {"complete": "success", "closed": "cancelled", "failed": "failure"}


def admit(gateway: Gateway, caller: Caller, asked: Asked, grant: Grant, call: Call, api: str) -> Settlement:
    """Let a call in by the limits and budgets of those who make it, and return what settles it.

    Where limits are shared by several instances it may have to wait yet: see `Reservation.waits`.

    Args:
        gateway: the worker's state.
        caller: who calls.
        asked: what is asked, as the caller says it.
        grant: what the caller may do.
        call: the same as the router means it.
        api: the name of the format, for the row of spend.

    Raises:
        Refusal: a limit is reached, or a budget spent; nothing is taken then.
    """
    if not gateway.accepting:
        raise Refusal(Failure(503, "the gateway ends", "shutting_down", "server_error", None, True, 1.0))
    if gateway.spending.full:
        message = "what is spent cannot be written down at present"
        raise Refusal(Failure(503, message, "spend_store_unavailable", "server_error", None, True, 5.0))
    tokens, usd = grant.most(call.request) if grant.bounded else (0, 0.0)
    now = time.time()
    reservation = gateway.admissions.admit(grant.holders, now, call.scope.started, tokens=tokens, cost=nanodollars(usd))
    bill = Bill(call.attempts, partial(plan_of, call.request, call.target, call.prices))
    return Settlement(gateway, caller, asked, call, api, reservation, bill, now)


class Settlement(msgspec.Struct, eq=False):
    """The end of one call: what it took is booked, and its row is written. Only the first ending counts.

    Attributes:
        reservation: what the call was let in with.
        started: when the call was let in, in seconds since 1970.
        charge: what the call came to; None while it goes on.
        cut: whether the connection was closed because the client did not read.
    """

    _gateway: Gateway
    _caller: Caller
    _asked: Asked
    _call: Call
    _api: str
    reservation: Reservation
    _bill: Bill
    started: float
    charge: Charge | None = None
    cut: bool = False

    def answered(self, outcome: Outcome) -> None:
        """Settle a call that has an answer, at the answer's end."""
        status, code = _ENDINGS[outcome.ended], None
        if outcome.error is not None:
            code = failure_of(outcome.error).code
            if isinstance(outcome.error, StreamInterrupted):
                status = "truncated"
        elif self.cut:
            code = "client_too_slow"
        source: UsageSource = "provider" if outcome.usage is not None else "estimated"
        cached = outcome.origin.cache_hit
        self._settle(self._bill.of_answer(outcome), status, code, source, outcome.first_token, cached=cached)

    def failed(self, error: BaseException) -> None:
        """Settle a call that came to no answer: it failed, or its caller has left."""
        left = isinstance(error, asyncio.CancelledError)
        charge = self._bill.without_answer()
        source: UsageSource = "estimated" if charge.tokens else "none"
        code = None if left else failure_of(error).code
        self._settle(charge, "cancelled" if left else "failure", code, source, None)

    def _settle(
        self,
        charge: Charge,
        status: Status,
        code: str | None,
        source: UsageSource,
        first_token: float | None,
        *,
        cached: bool = False,
    ) -> None:
        if self.charge is not None:
            return
        self.charge = charge
        call, caller, asked = self._call, self._caller, self._asked
        cost = nanodollars(charge.usd)
        clock = call.scope.loop.time()
        self.reservation.settle(clock, tokens=charge.tokens, cost=cost, sent=bool(call.attempts))
        # In parts: a call with more than fifteen names makes a dictionary of them first, and takes five times as long.
        row = SpendRow(
            id=caller.request_id,
            call=self._api,
            model=asked.model,
            status=status,
            code=code,
            started=self.started,
            ended=self.started + clock - call.scope.started,
            first_token=first_token,
            prompt_tokens=charge.prompt_tokens,
            completion_tokens=charge.completion_tokens,
            cached_tokens=charge.cached_tokens,
            usage_source=source,
            cost=cost,
            charges=self.reservation.charges,
            attempts=len(call.attempts),
        )
        row.end_user, row.metadata, row.cached = asked.user, asked.metadata, cached
        self._say_who(row)
        key = caller.identity.key
        self._gateway.note(row, call.attempts, None if key is None else key.alias)

    def _say_who(self, row: SpendRow) -> None:
        """Put into a row who has called, and who was asked last."""
        if (key := self._caller.identity.key) is not None:
            row.key, row.team, row.user, row.tags = key.name, key.team, key.user, key.tags
        if self._call.attempts:
            last = self._call.attempts[-1]
            row.deployment, row.provider, row.served_model = last.deployment, last.provider, last.model
