"""The store in a file: bounded, shared by processes, and honest about a file that it cannot use."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from aiollm.cache.sqlite import LEAST_BYTES, SQLiteStore
from aiollm.cache.store import StoreError
from tests import ROOT
from tests.cache.stores import KEY, OTHER, Time

VALUE = os.urandom(50_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path, LEAST_BYTES)
    yield store
    await store.aclose()


def keys(count: int) -> list[str]:
    return [f"{number:064}" for number in range(count)]


def rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM entries ORDER BY rowid")]


def size(path: Path) -> int:
    return path.stat().st_size


async def test_a_full_file_makes_room_by_its_oldest_entries(store: SQLiteStore, path: Path) -> None:
    for key in keys(60):
        await store.put(key, VALUE, None)
    assert size(path) <= LEAST_BYTES
    kept = rows(path)
    assert kept == keys(60)[-len(kept) :]
    assert len(kept) > 10
    assert await store.get(kept[0]) == VALUE


async def test_a_value_that_would_take_too_much_room_is_not_kept(store: SQLiteStore, path: Path) -> None:
    await store.put(KEY, b"old", None)
    await store.put(OTHER, b"other", None)
    await store.put(KEY, bytes(LEAST_BYTES // 4 + 1), None)
    assert await store.get(KEY) is None
    assert rows(path) == [OTHER]


async def test_entries_whose_time_is_over_leave_the_file(path: Path) -> None:
    time = Time()
    store = SQLiteStore(path, clock=time)
    for key in keys(3):
        await store.put(key, b"short", 10)
    time.now += 11
    await store.put(KEY, b"later", None)
    await store.aclose()
    assert rows(path) == [KEY]


async def test_it_outlives_the_store(store: SQLiteStore, path: Path) -> None:
    await store.put(KEY, VALUE, None)
    await store.aclose()
    again = SQLiteStore(path)
    assert await again.get(KEY) == VALUE
    await again.aclose()


def spoil(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:2048] + os.urandom(len(content) - 2048))


def overwrite(path: Path) -> None:
    path.write_bytes(b"this is a text, and long enough to be none of SQLite's files" * 20)


@pytest.mark.parametrize("damage", [spoil, overwrite], ids=lambda damage: damage.__name__)
async def test_a_damaged_file_is_named_with_what_to_do(path: Path, damage: Callable[[Path], None]) -> None:
    store = SQLiteStore(path)
    await store.put(KEY, VALUE, None)
    await store.aclose()
    damage(path)
    with pytest.raises(StoreError, match=r"answers\.sqlite is damaged, or no SQLite file .* move it away"):
        await store.get(KEY)
    os.unlink(path)  # noqa: PTH108  # and the store goes on
    await store.put(KEY, b"new", None)
    assert await store.get(KEY) == b"new"
    await store.aclose()


def test_a_file_of_another_program_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE entries (mine TEXT)")
    before = path.read_bytes()
    store = SQLiteStore(path)

    async def put() -> None:
        await store.put(KEY, VALUE, None)

    with pytest.raises(StoreError, match="of another program"):
        asyncio.run(put())
    assert path.read_bytes() == before


async def test_a_place_where_no_file_can_be_is_named(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "nowhere" / "answers.sqlite")
    with pytest.raises(StoreError, match=r"nowhere/answers\.sqlite cannot be used: unable to open"):
        await store.get(KEY)


def test_a_size_that_nothing_fits_into_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1 MiB"):
        SQLiteStore(path, LEAST_BYTES - 1)
    assert repr(SQLiteStore(path)) == f"<SQLiteStore {path}>"


PUT_UNTIL_KILLED = """
import asyncio, sys
from aiollm.cache.sqlite import SQLiteStore

async def main(path, name):
    store = SQLiteStore(path)
    for number in range(100_000):
        key = f"{name}{number % 50:063}"
        await store.put(key, key.encode() * 2000, None)
        if number == 20:
            print("writing", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def writer(path: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PUT_UNTIL_KILLED, str(path), name]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=-1, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
async def test_processes_share_the_file_and_killing_them_in_mid_write_costs_no_whole_entry(path: Path) -> None:
    """Three start on a file that is not there yet, and are killed while they write."""
    with writer(path, "a") as first, writer(path, "b") as second, writer(path, "c") as third:
        for process in (first, second, third):
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == "writing\n"
        for process in (first, second, third):
            process.send_signal(signal.SIGKILL)
    store = SQLiteStore(path)
    kept = rows(path)
    assert {key[0] for key in kept} == {"a", "b", "c"}
    for key in kept:
        assert await store.get(key) == key.encode() * 2000
    await store.put(KEY, VALUE, None)
    assert await store.get(KEY) == VALUE
    await store.aclose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_opens_the_file_for_itself(path: Path) -> None:
    store = SQLiteStore(path)

    async def put(key: str) -> None:
        await store.put(key, b"value", None)

    asyncio.run(put(KEY))
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(put(OTHER))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    asyncio.run(put("c" * 64))
    assert sorted(rows(path)) == [KEY, OTHER, "c" * 64]
    asyncio.run(store.aclose())
