"""What was spent, by HTTP: the rows of calls, and their sums by key, team, user, model and day."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import msgspec

from aiollm.integrations import web
from aiollm.proxy.admin.asking import answer, asked_count, asked_time, kept
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.keys import HolderId, digest_said
from aiollm.proxy.ledger.row import dollars
from aiollm.proxy.ledger.spend_scripts import Grouping
from aiollm.proxy.ledger.told import told_row, told_total
from aiollm.proxy.request import Request
from aiollm.proxy.route import Route

__all__ = ["SPEND"]


async def _logs(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    """Tell of calls, the newest first. `x-next-offset` says that there may be more, and where they begin."""
    key = request.query.get("api_key")
    start, end = asked_time(request, "start_date"), asked_time(request, "end_date")
    if end is not None and len(request.query["end_date"]) == len("2026-11-26"):
        end += timedelta(days=1)  # the last day is meant whole
    limit, offset = asked_count(request, "limit", 100, least=1), asked_count(request, "offset", 0, most=10**9)
    rows = await kept(
        gateway.store.rows(
            key=None if key is None else digest_said(key),
            model=request.query.get("model"),
            since=0.0 if start is None else start.timestamp(),
            until=time.time() + 1.0 if end is None else end.timestamp(),
            limit=limit,
            offset=offset,
        )
    )
    return answer([told_row(row) for row in rows], {"x-next-offset": str(offset + limit)} if len(rows) == limit else {})


class _Totals(msgspec.Struct, frozen=True):
    """A route that tells the sums of something, the dearest first."""

    by: Grouping

    async def __call__(self, gateway: Gateway, request: Request, caller: Caller) -> web.Response:
        key = request.query.get("api_key")
        start, end = asked_time(request, "start_date"), asked_time(request, "end_date")
        totals = await kept(
            gateway.store.totals(
                self.by,
                since="0000-00-00" if start is None else start.strftime("%Y-%m-%d"),
                until="9999-99-99" if end is None else end.strftime("%Y-%m-%d"),
                key=None if key is None else digest_said(key),
            )
        )
        return answer([{**told_total(total, self.by), **self._names(gateway, total.name)} for total in totals])

    def _names(self, gateway: Gateway, name: str) -> dict[str, Any]:
        """Return what people call a key that a sum is of."""
        if self.by != "key":
            return {}
        holder = gateway.keyring.get(HolderId("key", name))
        return {"key_alias": holder and holder.alias, "key_name": holder and holder.shown}


async def _all(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    totals = await kept(gateway.store.totals("day"))
    limit = gateway.config.litellm.max_budget
    return answer({"spend": dollars(sum(total.cost for total in totals)), "max_budget": limit})


SPEND: tuple[Route, ...] = (
    Route("GET", ("/spend/logs",), "admin", _logs),
    Route("GET", ("/spend/keys", "/global/spend/keys"), "admin", _Totals("key")),
    Route("GET", ("/spend/teams", "/global/spend/teams"), "admin", _Totals("team")),
    Route("GET", ("/spend/users", "/global/spend/users"), "admin", _Totals("user")),
    Route("GET", ("/spend/models", "/global/spend/models"), "admin", _Totals("model")),
    Route("GET", ("/spend/days", "/global/spend/logs"), "admin", _Totals("day")),
    Route("GET", ("/global/spend",), "admin", _all),
)
