"""Spend is written behind: whole, once, and whatever becomes of the store."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

import pytest

from aiollm.proxy.keys import HolderId, Keyring
from aiollm.proxy.ledger import Admissions, SpendWriter, Spool, Store, StoreUnavailable, open_database
from aiollm.proxy.ledger import writer as writer_module
from tests.proxy.ledger.rows import NOON, key, row

ROOMY = 10**6


def store_in(folder: Path) -> Store:
    return Store(open_database(None, folder / "proxy.sqlite"))


def writer_of(
    store: Store,
    spool: Path,
    *,
    keyring: Keyring | None = None,
    admissions: Admissions | None = None,
    most_bytes: int = ROOMY,
) -> SpendWriter:
    return SpendWriter(
        store, keyring or Keyring(None), admissions or Admissions(), Spool(spool, most_bytes), interval=60
    )


async def requests_in(store: Store) -> int:
    return sum(total.requests for total in await store.totals("key"))


async def test_rows_are_in_the_store_after_a_round(store: Store, tmp_path: Path) -> None:
    async with writer_of(store, tmp_path / "spool") as writer:
        for number in range(1200):
            writer.add(row(f"r{number}"))
        await writer.flush()
        assert writer.pending == 0
        assert await requests_in(store) == 1200


async def test_rows_that_come_while_others_are_written_wait_for_the_next_round(store: Store, tmp_path: Path) -> None:
    async with writer_of(store, tmp_path / "spool") as writer:
        writer.add(row("first"))
        round_of_first = asyncio.create_task(writer.flush())
        for number in count():
            await asyncio.sleep(0)
            if round_of_first.done():
                break
            writer.add(row(f"meanwhile {number}"))
        assert writer.pending > 0
        await writer.flush()
        assert writer.pending == 0
        assert await requests_in(store) == number + 1


async def test_what_waits_is_written_at_the_end(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    async with writer_of(store, tmp_path / "spool") as writer:
        writer.add(row("last"))
    assert [one.id for one in await store.rows()] == ["last"]
    await store.close()


async def test_changes_of_others_are_taken_over_in_each_round(store: Store, tmp_path: Path) -> None:
    keyring, admissions = Keyring(None), Admissions()
    await store.put([key("early")])
    async with writer_of(store, tmp_path / "spool", keyring=keyring, admissions=admissions) as writer:
        assert keyring.get(HolderId("key", "early")) == key("early")
        await store.put([key("k", budget=1000)], gone=[HolderId("key", "early")])
        await store.write([row("elsewhere", cost=300)])
        await writer.flush()
        assert keyring.all() == [key("k", budget=1000)]
        assert admissions.spent(key(), NOON) == 300


async def test_spend_is_counted_once_before_and_after_it_is_written(tmp_path: Path) -> None:
    store, admissions = store_in(tmp_path), Admissions()
    async with writer_of(store, tmp_path / "spool", admissions=admissions) as writer:
        for number in range(3):
            admissions.admit([key()], NOON, 0.0, tokens=1, cost=500).settle(0.0, tokens=1, cost=100)
            writer.add(row(f"r{number}"))
        assert admissions.spent(key(), NOON) == 300
        await writer.flush()
        await writer.flush()
        assert admissions.spent(key(), NOON) == 300
    await store.close()


async def test_rows_wait_while_the_store_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MOST_IN_MEMORY", 10)
    folder, admissions = tmp_path / "disk", Admissions()
    store = store_in(folder)
    writer = writer_of(store, tmp_path / "spool", admissions=admissions)
    with pytest.raises(StoreUnavailable):
        await writer.start()
    folder.mkdir()
    await writer.start()
    await store.close()
    folder.rename(tmp_path / "unplugged")
    store._database = open_database(None, folder / "proxy.sqlite")  # as after a crash: it has to open the file again
    for number in range(25):
        admissions.admit([key()], NOON, 0.0, tokens=1, cost=100).settle(0.0, tokens=1, cost=100)
        writer.add(row(f"r{number}"))
    with pytest.raises(StoreUnavailable):
        await writer.flush()
    assert (writer.pending, writer.full, writer.fault is None) == (5, False, False)
    (tmp_path / "unplugged").rename(folder)
    await writer.flush()
    assert (writer.pending, writer.fault) == (0, None)
    assert await requests_in(store) == 25
    assert admissions.spent(key(), NOON) == 2500
    await writer.close()
    await store.close()


async def test_what_the_store_never_took_is_written_by_the_next_process(tmp_path: Path) -> None:
    gone = store_in(tmp_path / "nowhere")
    writer = writer_of(gone, tmp_path / "spool")
    writer.add(row("kept"))
    await writer.close()
    await gone.close()
    store = store_in(tmp_path)
    async with writer_of(store, tmp_path / "spool") as later:
        await later.flush()
        assert [one.id for one in await store.rows()] == ["kept"]
    assert Spool(tmp_path / "spool", 1).size == 0
    await store.close()


async def test_it_says_when_no_more_rows_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MOST_IN_MEMORY", 4)
    store = store_in(tmp_path / "nowhere")
    writer = writer_of(store, tmp_path / "spool", most_bytes=1)
    for number in range(12):
        writer.add(row(f"r{number}"))
        await writer._round()
    assert writer.full
    assert writer.pending + len(Spool(tmp_path / "spool", 1).rows()) == 12
    await writer.close()
    await store.close()
