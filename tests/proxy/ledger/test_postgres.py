"""A PostgreSQL that goes away and comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from aiollm.proxy.keys import Keyring
from aiollm.proxy.ledger import Admissions, SpendWriter, Spool, Store, StoreUnavailable, open_database
from aiollm.types.secret import Secret
from tests.proxy.conftest import new_database
from tests.proxy.ledger.rows import key, row
from tests.services.postgres import PostgresServer


async def test_no_row_is_lost_when_the_server_is_killed_in_mid_run(
    mortal_postgres: PostgresServer, tmp_path: Path
) -> None:
    store = Store(open_database(Secret(mortal_postgres.url), tmp_path / "unused"))
    await store.put([key()])
    async with SpendWriter(store, Keyring(None), Admissions(), Spool(tmp_path / "spool", 10**6), interval=60) as writer:
        for number in range(30):
            writer.add(row(f"before-{number}"))
        await writer.flush()
        mortal_postgres.kill()
        for number in range(30):
            writer.add(row(f"gone-{number}"))
        with pytest.raises(StoreUnavailable):
            await writer.flush()
        assert writer.pending == 30
        mortal_postgres.start()
        writer.add(row("after"))
        await writer.flush()
        assert (writer.pending, writer.fault) == (0, None)
    assert (await store.totals("key"))[0].requests == 61
    await store.close()


async def test_no_more_connections_are_open_than_the_configuration_says(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = await new_database(postgres_server)
    store = Store(open_database(url, tmp_path / "unused", most_connections=1))
    await asyncio.gather(*(store.totals("key") for _ in range(8)))
    watching = await asyncpg.connect(postgres_server.url)
    try:
        name = url.reveal().rpartition("/")[2]
        assert await watching.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", name) == 1
    finally:
        await watching.close()
    await store.close()


async def test_a_server_that_is_not_there_is_unavailable_and_its_password_untold(tmp_path: Path) -> None:
    store = Store(open_database(Secret("postgresql://u:canary@127.0.0.1:9/db"), tmp_path))
    with pytest.raises(StoreUnavailable, match="PostgreSQL cannot be used") as caught:
        await store.changes(0)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    await store.close()
