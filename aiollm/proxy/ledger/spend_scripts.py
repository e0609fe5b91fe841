"""Spend in the database: rows, each written once, and the sums of what was new among them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

import msgspec

from aiollm.proxy.ledger.holder_scripts import next_version
from aiollm.proxy.ledger.row import SpendRow, written_sums
from aiollm.proxy.ledger.script import Rows, Statement

__all__ = ["Grouping", "Total", "forget_rows", "read_rows", "read_totals", "write_rows"]

Grouping = Literal["key", "team", "user", "model", "day"]

# Statements grow with the rows; the driver keeps those it has prepared, so rows go in batches of these sizes.
_BATCHES = (100, 10, 1)

_DAY_SECONDS = 24 * 3600

_INSERT = """
    INSERT INTO aiollm_spend
    (id, started, key_hash, team, user_name, model, status, prompt_tokens, completion_tokens, cost, record)
    VALUES {}
    ON CONFLICT (id) DO NOTHING RETURNING id
"""
_INSERTS = {size: _INSERT.replace("{}", ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * size)) for size in _BATCHES}
_CHARGE = """
    INSERT INTO aiollm_balances (kind, name, period, spent, version) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, name, period)
    DO UPDATE SET spent = aiollm_balances.spent + excluded.spent, version = excluded.version
"""
_COUNT = """
    INSERT INTO aiollm_days
    (day, key_hash, team, user_name, model, requests, failures, prompt_tokens, completion_tokens, cost)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (day, key_hash, team, user_name, model) DO UPDATE SET
        requests = aiollm_days.requests + excluded.requests,
        failures = aiollm_days.failures + excluded.failures,
        prompt_tokens = aiollm_days.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = aiollm_days.completion_tokens + excluded.completion_tokens,
        cost = aiollm_days.cost + excluded.cost
"""
_READ = """
    SELECT record FROM aiollm_spend
    WHERE (CAST(? AS TEXT) IS NULL OR key_hash = ?) AND (CAST(? AS TEXT) IS NULL OR model = ?)
    AND started >= ? AND started < ?
    ORDER BY started DESC, id LIMIT ? OFFSET ?
"""
_FORGET = "DELETE FROM aiollm_spend WHERE started < ?"
_TOTALS = """
    SELECT {}, CAST(SUM(requests) AS BIGINT), CAST(SUM(failures) AS BIGINT), CAST(SUM(prompt_tokens) AS BIGINT),
    CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cost) AS BIGINT)
    FROM aiollm_days
    WHERE day >= ? AND day <= ? AND (CAST(? AS TEXT) IS NULL OR key_hash = ?)
    GROUP BY {} ORDER BY 6 DESC, 1
"""
_COLUMNS: dict[Grouping, str] = {
    "key": "key_hash",
    "team": "team",
    "user": "user_name",
    "model": "model",
    "day": "day",
}
_TOTALS_BY = {grouping: _TOTALS.replace("{}", column) for grouping, column in _COLUMNS.items()}


class Total(msgspec.Struct, frozen=True):
    """Sums of calls. `cost` is in billionths of a US dollar.

    Attributes:
        name: the key (as its SHA-256), team, user, model or day (as in "2026-11-26", UTC) they are of; "" for none.
    """

    name: str
    requests: int
    failures: int
    prompt_tokens: int
    completion_tokens: int
    cost: int


def write_rows(rows: Sequence[SpendRow]) -> Generator[Statement, Rows, int]:
    """Write rows, and add those that were not there yet to the balances and the days. Returns how many those were."""
    version = yield from next_version()
    new: set[str] = set()
    waiting = list({row.id: row for row in rows}.values())
    while waiting:
        size = next(size for size in _BATCHES if size <= len(waiting))
        batch, waiting = waiting[:size], waiting[size:]
        values = [value for row in batch for value in _values(row)]
        written = yield _INSERTS[size], values
        new.update(str(row[0]) for row in written)
    fresh = {row.id: row for row in rows if row.id in new}.values()
    yield from _add(list(fresh), version)
    return len(new)


def _values(row: SpendRow) -> tuple[object, ...]:
    counts = (row.prompt_tokens, row.completion_tokens, row.cost)
    record = msgspec.json.encode(row).decode()
    return (row.id, row.started, row.key, row.team, row.user, _storable(row.model), row.status, *counts, record)


def _storable(text: str) -> str:
    """Return a caller's word without what PostgreSQL's texts cannot hold: one such row would hold up all others."""
    return text.replace("\x00", "\ufffd")


def _add(rows: Sequence[SpendRow], version: int) -> Generator[Statement, Rows, None]:
    counted: dict[tuple[str, str, str, str, str], list[SpendRow]] = {}
    for row in rows:
        day = _day(int(row.started // _DAY_SECONDS))
        counted.setdefault((day, row.key or "", row.team or "", row.user or "", row.model), []).append(row)
    # In an order, so that two writers never wait for one another.
    for ((kind, name), period), cost in sorted(written_sums(rows).items()):
        yield _CHARGE, (kind, name, period, cost, version)
    for (*place, model), calls in sorted(counted.items()):
        failures = sum(row.status != "success" for row in calls)
        prompts, completions = sum(row.prompt_tokens for row in calls), sum(row.completion_tokens for row in calls)
        cost = sum(row.cost for row in calls)
        yield _COUNT, (*place, _storable(model), len(calls), failures, prompts, completions, cost)


@lru_cache(maxsize=8)
def _day(number: int) -> str:
    """Return the name of a day, by its number since 1970: to make one takes longer than all else of a row's sums."""
    return datetime.fromtimestamp(number * _DAY_SECONDS, UTC).strftime("%Y-%m-%d")


def read_rows(
    *, key: str | None, model: str | None, since: float, until: float, limit: int, offset: int
) -> Generator[Statement, Rows, list[SpendRow]]:
    """Return rows, the newest first."""
    rows = yield _READ, (key, key, model, model, since, until, limit, offset)
    return [msgspec.json.decode(record, type=SpendRow) for (record,) in rows]


def read_totals(by: Grouping, *, since: str, until: str, key: str | None) -> Generator[Statement, Rows, list[Total]]:
    """Return the sums of days, the dearest first."""
    rows = yield _TOTALS_BY[by], (since, until, key, key)
    return [Total(*row) for row in rows]


def forget_rows(before: float) -> Generator[Statement, Rows, None]:
    """Delete the rows of calls that began before a time; sums and balances stay."""
    yield _FORGET, (before,)
