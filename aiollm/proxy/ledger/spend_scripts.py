"""Spend in the database: rows, each written once, and the sums of what was new among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Literal, TypeVar

import msgspec

from aiollm.proxy.ledger.holder_scripts import next_version
from aiollm.proxy.ledger.row import SpendRow, written_sums
from aiollm.proxy.ledger.script import Rows, Statement

__all__ = ["Grouping", "Total", "forget_rows", "read_rows", "read_totals", "write_rows"]

T = TypeVar("T")

Grouping = Literal["key", "team", "user", "model", "day"]

_DAY_SECONDS = 24 * 3600

# Statements grow with the rows; the driver keeps those it has prepared, so rows go in batches of these sizes. At each
# statement SQLite's thread and the event loop's change places, with the processor's caches full of the other's data.
_BATCHES = (500, 50, 5, 1)


def _for_batches(text: str, rows: str) -> dict[int, str]:
    """Return a statement for each size of batch: the text, with as many rows in the place of its `{}`."""
    return {size: text.replace("{}", ", ".join([rows] * size)) for size in _BATCHES}


_FIND = _for_batches("SELECT id FROM aiollm_spend WHERE id IN ({})", "?")
_INSERT = _for_batches(
    """
    INSERT INTO aiollm_spend
    (id, started, key_hash, team, user_name, model, status, prompt_tokens, completion_tokens, cost, record)
    VALUES {}
    """,
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
)
_CHARGE = _for_batches(
    """
    INSERT INTO aiollm_balances (kind, name, period, spent, version) VALUES {}
    ON CONFLICT (kind, name, period)
    DO UPDATE SET spent = aiollm_balances.spent + excluded.spent, version = excluded.version
    """,
    "(?, ?, ?, ?, ?)",
)
_COUNT = _for_batches(
    """
    INSERT INTO aiollm_days
    (day, key_hash, team, user_name, model, requests, failures, prompt_tokens, completion_tokens, cost)
    VALUES {}
    ON CONFLICT (day, key_hash, team, user_name, model) DO UPDATE SET
        requests = aiollm_days.requests + excluded.requests,
        failures = aiollm_days.failures + excluded.failures,
        prompt_tokens = aiollm_days.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = aiollm_days.completion_tokens + excluded.completion_tokens,
        cost = aiollm_days.cost + excluded.cost
    """,
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
)
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
    version = yield from next_version()  # and nobody else writes until this is done
    waiting = {row.id: row for row in rows}
    # A database that is to tell of each row whether it was new makes a second copy of all of them.
    for ids in _batches(list(waiting)):
        for (known,) in (yield _FIND[len(ids)], ids):
            del waiting[known]
    new = list(waiting.values())
    yield from _put(_INSERT, [_values(row) for row in new])
    # In an order, so that two writers never wait for one another.
    yield from _put(
        _CHARGE, [(*name, period, cost, version) for (name, period), cost in sorted(written_sums(new).items())]
    )
    yield from _put(_COUNT, sorted(_counts(new)))
    return len(new)


def _put(statements: Mapping[int, str], rows: Sequence[Sequence[object]]) -> Generator[Statement, Rows, None]:
    """Write rows of values in batches."""
    for batch in _batches(rows):
        yield statements[len(batch)], [*chain.from_iterable(batch)]


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Return items in parts of the sizes that there are statements for."""
    start = 0
    while left := len(items) - start:
        size = next(size for size in _BATCHES if size <= left)
        yield items[start : start + size]
        start += size


def _values(row: SpendRow) -> tuple[object, ...]:
    counts = (row.prompt_tokens, row.completion_tokens, row.cost)
    record = msgspec.json.encode(row).decode()
    return (row.id, row.started, row.key, row.team, row.user, _storable(row.model), row.status, *counts, record)


def _storable(text: str) -> str:
    """Return a caller's word without what PostgreSQL's texts cannot hold: one such row would hold up all others."""
    return text.replace("\x00", "\ufffd")


def _counts(rows: Iterable[SpendRow]) -> Iterator[tuple[str | int, ...]]:
    """Return what is added to the days, each place once."""
    counted: defaultdict[tuple[float, str, str, str, str], list[SpendRow]] = defaultdict(list)
    for row in rows:
        place = row.started // _DAY_SECONDS, row.key or "", row.team or "", row.user or "", _storable(row.model)
        counted[place].append(row)
    for (day, *names), calls in counted.items():
        failures = sum(row.status != "success" for row in calls)
        prompts, completions = sum(row.prompt_tokens for row in calls), sum(row.completion_tokens for row in calls)
        yield _day(day), *names, len(calls), failures, prompts, completions, sum(row.cost for row in calls)


@lru_cache(maxsize=8)
def _day(number: float) -> str:
    """Return the name of a day, by its number since 1970: to make one takes longer than to add up its rows."""
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
