"""What the page tells first: what goes on, what was spent, and how long answers took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from aiollm.proxy.admin.asking import kept
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.keys import HolderId
from aiollm.proxy.ledger import SpendRow
from aiollm.proxy.ledger.row import dollars
from aiollm.proxy.ledger.spend_scripts import Total
from aiollm.proxy.live import LiveCall
from aiollm.proxy.page.layout import section, table
from aiollm.proxy.page.markup import Content, Markup, element
from aiollm.proxy.page.plot import Point, bars, waits

__all__ = ["live_calls", "overview"]

_PLOTTED = 500
_TOLD = 25
_BARS = 12


async def overview(gateway: Gateway) -> list[Markup]:
    """Return the parts of the first page.

    Raises:
        Refusal: the store cannot be reached.
    """
    rows = await kept(gateway.store.rows(limit=_PLOTTED))
    models, keys = await kept(gateway.store.totals("model")), await kept(gateway.store.totals("key"))
    return [
        section("Live", element("div", live_calls(gateway, time.time()), id="live"), class_="full"),
        section("Time to the first token", waits("Time to the first token", [*_first_tokens(rows)])),
        section("Time of whole calls", waits("Time of whole calls", [*map(_whole, rows)])),
        section("Spend by model", bars("Spend by model", _sums(models, lambda name: name))),
        section("Spend by key", bars("Spend by key", _sums(keys, lambda name: _key_name(gateway, name)))),
        section("Last calls", _calls(gateway, rows[:_TOLD]), class_="full"),
    ]


def live_calls(gateway: Gateway, now: float) -> Markup:
    """Return the calls that this worker is answering."""
    heads = ["Model", "API", "Key", "Since", "Pieces"]
    return table(heads, [_live(call, now) for call in gateway.live], "Nothing is being answered now.")


def _live(call: LiveCall, now: float) -> list[Content]:
    key = "master" if call.key is None else call.key.alias or call.key.shown
    pieces = str(call.chunks) if call.stream else "whole"
    return [call.model, call.api, key, f"{max(0.0, now - call.started):.1f} s", pieces]


def _first_tokens(rows: Iterable[SpendRow]) -> Iterable[Point]:
    for row in rows:
        if row.first_token is not None and not row.cached:
            yield Point(row.started, row.first_token, row.status == "success")


def _whole(row: SpendRow) -> Point:
    return Point(row.started, row.ended - row.started, row.status == "success")


def _sums(totals: Sequence[Total], named: Callable[[str], str]) -> list[tuple[str, float]]:
    return [(named(total.name), dollars(total.cost)) for total in totals[:_BARS]]


def _key_name(gateway: Gateway, name: str) -> str:
    """Return what people know a key by; the master key, and those that are gone, have no record."""
    holder = gateway.keyring.get(HolderId("key", name))
    if holder is None:
        return f"deleted {name[:8]}…" if name else "master key"
    return holder.alias or holder.shown or name[:8]


def _calls(gateway: Gateway, rows: Sequence[SpendRow]) -> Markup:
    heads = ["Began (UTC)", "Model", "Answered by", "Key", "Ended", "First token", "Whole", "Tokens", "Cost"]
    return table(heads, [_call(gateway, row) for row in rows], "No calls yet.")


def _call(gateway: Gateway, row: SpendRow) -> list[Content]:
    good = row.status == "success"
    told = row.status if row.code is None else f"{row.status}: {row.code}"
    return [
        datetime.fromtimestamp(row.started, UTC).strftime("%d %b %H:%M:%S"),
        row.model,
        row.deployment or row.provider or "-",
        _key_name(gateway, row.key or ""),
        element("span", told, class_="good" if good else "bad"),
        "-" if row.first_token is None else f"{row.first_token:.2f} s",
        f"{row.ended - row.started:.2f} s",
        f"{row.prompt_tokens} + {row.completion_tokens}",
        f"${dollars(row.cost):,.6f}",
    ]
