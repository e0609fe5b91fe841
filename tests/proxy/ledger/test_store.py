"""Keys and spend in each of the databases."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from aiollm.proxy.keys import Holder, HolderId, digest_of, new_key
from aiollm.proxy.ledger import Charge, Store, StoreUnavailable, open_database
from aiollm.proxy.ledger.spend_scripts import Total
from aiollm.types.secret import Secret
from tests.proxy.ledger.rows import DAY, NOON, key, row

FULL = Holder(
    kind="key",
    name="full",
    alias="a 'quoted'; DROP TABLE aiollm_holders; --",
    shown="sk-...abcd",
    team="t",
    user="u",
    models=("gpt-*",),
    routes=("/v1/*",),
    rpm=1,
    tpm=2,
    parallel=3,
    budget=10**12,
    budget_period=DAY,
    created=NOON,
    expires=NOON + 1,
    blocked=True,
    tags=("x",),
    metadata={"a": [1, None, "\x00"]},
)


async def test_a_holder_is_read_as_it_was_written(store: Store) -> None:
    version = await store.put([FULL, key()])
    changes = await store.changes(0)
    assert {holder.name: holder for holder in changes.holders} == {"full": FULL, "k": key()}
    assert changes.version == version


async def test_only_what_changed_since_a_version_is_told(store: Store) -> None:
    first = await store.put([key("a"), key("b")])
    second = await store.put([key("b", blocked=True)], gone=[HolderId("key", "a")])
    changes = await store.changes(first)
    assert changes.holders == (key("b", blocked=True),)
    assert changes.gone == (HolderId("key", "a"),)
    assert (changes.version, (await store.changes(second)).holders) == (second, ())


async def test_versions_become_visible_in_their_order(store: Store) -> None:
    """A reader that has seen a version has seen all before it, however many write at once."""
    seen: list[set[str]] = []

    async def watch() -> None:
        known, version = set[str](), 0
        while len(known) < 20:
            changes = await store.changes(version)
            known |= {holder.name for holder in changes.holders}
            version = changes.version
            seen.append(set(known))

    await asyncio.wait_for(
        asyncio.gather(watch(), *(store.put([key(str(number))]) for number in range(20))), timeout=30
    )
    assert all(before <= after for before, after in pairwise(seen))


async def test_a_renamed_holder_has_spent_what_it_had(store: Store) -> None:
    await store.put([key("a")])
    await store.write([row("r1", charges=(Charge("key", "a", 0.0),)), row("r2", charges=(Charge("key", "a", DAY),))])
    version = await store.rename(HolderId("key", "a"), key("b"))
    changes = await store.changes(version - 1)
    assert (changes.holders, changes.gone) == ((key("b"),), (HolderId("key", "a"),))
    assert changes.balances == {(HolderId("key", "b"), 0.0): 100, (HolderId("key", "b"), DAY): 100}


async def test_a_row_is_read_as_it_was_written(store: Store) -> None:
    whole = row(
        "r1",
        team="t",
        user="u",
        end_user="e",
        deployment="d",
        provider="p",
        served_model="s",
        code="c",
        cached_tokens=3,
        usage_source="provider",
        first_token=0.25,
        attempts=2,
        cached=True,
        tags=("x",),
        metadata={"a": "b"},
    )
    assert await store.write([whole]) == 1
    assert await store.rows() == [whole]


async def test_a_row_is_counted_once_however_often_it_is_handed_in(store: Store) -> None:
    rows = [row(f"r{number}") for number in range(7)]
    assert await store.write([*rows[:5], rows[0]]) == 5
    assert await store.write(rows) == 2
    assert (await store.changes(0)).balances == {(HolderId("key", "k"), 0.0): 700}
    assert await store.totals("key") == [Total("k", 7, 0, 70, 35, 700)]


async def test_large_batches_are_written_whole(store: Store) -> None:
    assert await store.write([row(f"r{number}") for number in range(237)]) == 237
    assert (await store.totals("model"))[0].requests == 237


async def test_a_batch_of_many_keys_is_summed_by_each(store: Store) -> None:
    rows = [row(f"r{number}", key=str(number), charges=(Charge("key", str(number), 0.0),)) for number in range(237)]
    assert await store.write(rows) == 237
    assert (await store.changes(0)).balances == {(HolderId("key", str(number)), 0.0): 100 for number in range(237)}
    assert sum(total.cost for total in await store.totals("key")) == 23_700


async def test_models_that_are_stored_under_one_name_are_summed_together(store: Store) -> None:
    assert await store.write([row("a", model="\x00"), row("b", model="\ufffd")]) == 2
    assert await store.totals("model") == [Total("\ufffd", 2, 0, 20, 10, 200)]


async def test_spend_is_summed_by_key_team_user_model_and_day(store: Store) -> None:
    await store.write(
        [
            row("a", team="t", user="u"),
            row("b", model="n", cost=900),
            row("c", started=NOON + DAY, key="l", status="failure", charges=(Charge("key", "l", 0.0),)),
        ]
    )
    assert await store.totals("key") == [Total("k", 2, 0, 20, 10, 1000), Total("l", 1, 1, 10, 5, 100)]
    assert [(total.name, total.cost) for total in await store.totals("model")] == [("n", 900), ("m", 200)]
    assert [(total.name, total.cost) for total in await store.totals("team")] == [("", 1000), ("t", 100)]
    assert [(total.name, total.cost) for total in await store.totals("user")] == [("", 1000), ("u", 100)]
    assert [total.name for total in await store.totals("day")] == ["2024-10-04", "2024-10-05"]
    assert [total.name for total in await store.totals("day", since="2024-10-05")] == ["2024-10-05"]
    assert [total.cost for total in await store.totals("day", key="l")] == [100]


async def test_rows_are_found_by_key_model_and_time_in_pages(store: Store) -> None:
    await store.write([row(f"r{number}", started=NOON + number) for number in range(5)])
    await store.write([row("other", key="l", model="n")])
    assert [one.id for one in await store.rows(key="k", limit=2)] == ["r4", "r3"]
    assert [one.id for one in await store.rows(key="k", limit=2, offset=4)] == ["r0"]
    assert [one.id for one in await store.rows(model="n")] == ["other"]
    assert [one.id for one in await store.rows(key="k", since=NOON + 1, until=NOON + 3)] == ["r2", "r1"]


async def test_forgotten_rows_stay_in_the_sums(store: Store) -> None:
    await store.write([row("old"), row("new", started=NOON + DAY)])
    await store.forget(NOON + 1)
    assert [one.id for one in await store.rows()] == ["new"]
    assert (await store.totals("key"))[0].cost == 200


async def test_periods_of_a_budget_are_balances_of_their_own(store: Store) -> None:
    await store.write([row(f"r{day}", charges=(Charge("key", "k", day * DAY),)) for day in (1, 2)])
    balances = (await store.changes(0)).balances
    assert balances == {(HolderId("key", "k"), DAY): 100, (HolderId("key", "k"), 2 * DAY): 100}


@pytest.mark.parametrize("name", ["'; DROP TABLE aiollm_spend; --", "\x00", "?", "$1", "ünï", "x" * 5000])
async def test_what_callers_write_is_never_part_of_a_statement(store: Store, name: str) -> None:
    await store.write([row("r", model=name, end_user=name)])
    (read,) = await store.rows()
    assert (read.model, read.end_user) == (name, name)
    assert await store.rows(model="nobody") == []


async def test_several_writers_add_up(store: Store) -> None:
    await asyncio.gather(*(store.write([row(f"r{writer}-{n}") for n in range(20)]) for writer in range(5)))
    assert (await store.changes(0)).balances == {(HolderId("key", "k"), 0.0): 10_000}


async def test_a_cancelled_write_is_whole_or_nothing(store: Store) -> None:
    writing = asyncio.create_task(store.write([row(f"r{number}") for number in range(50)]))
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait([writing])
    await store.write([])  # a transaction of this kind comes after any that has begun
    totals = await store.totals("key")
    assert totals in ([], [Total("k", 50, 0, 500, 250, 5000)])
    assert len(await store.rows()) == (50 if totals else 0)


def all_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_no_key_is_in_the_file(tmp_path: Path) -> None:
    secret = new_key()
    store = Store(open_database(None, tmp_path / "proxy.sqlite"))
    await store.put([key(digest_of(secret))])
    await store.close()
    written = all_bytes(tmp_path)
    assert digest_of(secret).encode() in written
    assert secret.encode() not in written


async def test_a_file_with_the_index_of_before_is_used_without_it(tmp_path: Path) -> None:
    before = Store(open_database(None, tmp_path / "proxy.sqlite"))
    await before.write([row("a")])
    await before.close()
    with closing(sqlite3.connect(tmp_path / "proxy.sqlite")) as file:
        file.execute("CREATE INDEX aiollm_spend_key ON aiollm_spend (key_hash, started)")
    store = Store(open_database(None, tmp_path / "proxy.sqlite"))
    assert await store.write([row("a"), row("b")]) == 1
    assert [one.id for one in await store.rows(key="k")] == ["a", "b"]
    await store.close()
    with closing(sqlite3.connect(tmp_path / "proxy.sqlite")) as file:
        assert file.execute("SELECT * FROM sqlite_master WHERE name = 'aiollm_spend_key'").fetchall() == []


async def test_a_file_is_opened_at_once_and_closed_although_nobody_used_it(tmp_path: Path) -> None:
    await open_database(None, tmp_path / "proxy.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "proxy.sqlite")) as file:
        assert file.execute("SELECT * FROM aiollm_spend").fetchall() == []


async def test_a_file_that_cannot_be_opened_is_closed_without_a_word(tmp_path: Path) -> None:
    await open_database(None, tmp_path / "no" / "folder" / "proxy.sqlite").close()


async def test_a_file_that_cannot_be_used_is_unavailable_until_it_can(tmp_path: Path) -> None:
    store = Store(open_database(None, tmp_path / "later" / "proxy.sqlite"))
    with pytest.raises(StoreUnavailable, match="SQLite cannot use"):
        await store.put([key()])
    (tmp_path / "later").mkdir()
    assert await store.put([key()]) == 1
    await store.close()


def test_an_address_of_another_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="database_url must begin with postgresql://") as caught:
        open_database(Secret("mysql://u:canary@h/d"), tmp_path)
    assert "canary" not in str(caught.value)


async def test_workers_that_start_together_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    for number in range(10):
        databases = [open_database(None, tmp_path / f"{number}.sqlite") for _ in range(8)]
        await asyncio.gather(*(Store(database).put([key()]) for database in databases))
        for database in databases:
            await database.close()
