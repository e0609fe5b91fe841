"""Spend over HTTP: rows in pages, and sums by what they are of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.proxy.admin.gateways import Asking
from tests.proxy.ledger.rows import DAY, NOON, row


@pytest.fixture
async def spent(ask: Asking) -> Asking:
    """Return a client of a gateway that has been used on two days."""
    rows = [
        row("a", cost=3_000_000_000, team="t", user="u"),
        row("b", model="n", cost=1_000_000_000, started=NOON + DAY, ended=NOON + DAY + 1),
        row("c", key="l", status="failure", cost=0, started=NOON + DAY + 5, ended=NOON + DAY + 6),
    ]
    for one in rows:
        ask.gateway.note(one)
    await ask.gateway.spending.flush()
    return ask


async def test_calls_are_told_the_newest_first(spent: Asking) -> None:
    status, rows = await spent("GET", "/spend/logs")
    assert (status, [one["request_id"] for one in rows]) == (200, ["c", "b", "a"])
    assert rows[2] == {
        **rows[2],
        "spend": 3.0,
        "api_key": "k",
        "team_id": "t",
        "model_group": "m",
        "status": "success",
        "startTime": datetime.fromtimestamp(NOON, UTC).isoformat(timespec="milliseconds"),
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("model=n", ["b"]),
        ("start_date=2024-10-05", ["c", "b"]),
        ("end_date=2024-10-04", ["a"]),
        ("start_date=2024-10-05&end_date=2024-10-05", ["c", "b"]),
        ("start_date=2024-10-05T12:00:03Z", ["c"]),
        ("end_date=2024-10-04T12:00:00%2B00:00", []),
        ("limit=1&offset=1", ["b"]),
        (f"api_key={'0' * 64}", []),
    ],
)
async def test_calls_are_found_by_model_time_and_place(spent: Asking, query: str, expected: list[str]) -> None:
    assert [one["request_id"] for one in (await spent("GET", f"/spend/logs?{query}"))[1]] == expected


async def test_a_page_that_is_not_the_last_says_where_the_next_begins(spent: Asking) -> None:
    headers = {"authorization": "Bearer sk-master-of-these-tests-0123456789"}
    for offset, following in (("0", "2"), ("2", None)):
        async with spent.session.get(f"/spend/logs?limit=2&offset={offset}", headers=headers) as reply:
            assert reply.headers.get("x-next-offset") == following


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "offset=-1", "start_date=yesterday", "end_date=2024-13-01"]
)
async def test_a_query_that_is_wrong_is_told(spent: Asking, query: str) -> None:
    status, error = await spent("GET", f"/spend/logs?{query}")
    assert (status, error["error"]["param"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("/spend/keys", "api_key", [("k", 4.0), ("l", 0.0)]),
        ("/spend/models", "model", [("m", 3.0), ("n", 1.0)]),
        ("/spend/teams", "team_id", [("t", 3.0), ("", 1.0)]),
        ("/spend/users", "user_id", [("u", 3.0), ("", 1.0)]),
        ("/spend/days", "date", [("2024-10-04", 3.0), ("2024-10-05", 1.0)]),
        ("/global/spend/models?start_date=2024-10-05", "model", [("n", 1.0), ("m", 0.0)]),
        ("/global/spend/logs?end_date=2024-10-04", "date", [("2024-10-04", 3.0)]),
    ],
)
async def test_spend_is_summed(spent: Asking, path: str, name: str, expected: list[tuple[str, float]]) -> None:
    _, sums = await spent("GET", path)
    assert [(one[name], one["spend"]) for one in sums] == expected


async def test_a_key_is_told_with_what_people_call_it(spent: Asking) -> None:
    made = await spent.made(key_alias="ci")
    spent.gateway.note(row("d", key=made["token"], cost=9_000_000_000))
    await spent.gateway.spending.flush()
    _, sums = await spent("GET", "/spend/keys")
    assert [(one["key_alias"], one["key_name"]) for one in sums][:2] == [("ci", made["key_name"]), (None, None)]
    _, rows = await spent("GET", f"/spend/logs?api_key={made['key']}")
    assert [one["request_id"] for one in rows] == ["d"]


async def test_all_that_was_spent_is_one_number(spent: Asking) -> None:
    assert (await spent("GET", "/global/spend"))[1] == {"spend": 4.0, "max_budget": None}


async def test_spend_is_for_operators_only(spent: Asking) -> None:
    key = (await spent.made())["key"]
    for path in ("/spend/logs", "/spend/keys", "/spend/models", "/spend/days", "/global/spend"):
        assert (await spent("GET", path, key=key))[0] == 403
        assert (await spent("GET", path, key=None))[0] == 401
