"""The event loops that the proxy's tests run on, and the stores that its ledger's run against."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count
from pathlib import Path

import asyncpg
import pytest
import uvloop

from aiollm.proxy.ledger import Store, open_database
from aiollm.testing import ProviderServer
from aiollm.types.secret import Secret
from tests.proxy.admin.gateways import Asking, asking
from tests.proxy.serving import Proxy, config, running
from tests.services.postgres import PostgresServer, mortal_postgres, postgres_programs, postgres_server

__all__ = ["mortal_postgres", "postgres_programs", "postgres_server"]

_numbers = count()

LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}
ABOUT_CONNECTIONS = {"test_calls", "test_connection", "test_delivery", "test_drain", "test_passing_on"}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Return the loops of a test: uvloop, as a worker has, and asyncio's too where it is about connections.

    Tests elsewhere that ask a proxy are on asyncio's.
    """
    return LOOPS if item.path.stem in ABOUT_CONNECTIONS else {"uvloop": LOOPS["uvloop"]}


async def new_database(server: PostgresServer) -> Secret:
    """Make a database on a server, and return its address."""
    name = f"proxy_{next(_numbers)}"
    connection = await asyncpg.connect(server.url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return Secret(server.url.replace("/postgres", f"/{name}"))


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Return an empty store of each kind."""
    url = None
    if request.param == "postgres":
        url = await new_database(request.getfixturevalue("postgres_server"))
    store = Store(open_database(url, tmp_path / "proxy.sqlite"))
    yield store
    await store.close()


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asking]:
    """Return a client of a gateway that has nothing yet."""
    async with asking(tmp_path) as asked:
        yield asked


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    """Return a scripted provider."""
    async with ProviderServer() as server:
        yield server


@pytest.fixture
async def proxy(provider: ProviderServer, tmp_path: Path) -> AsyncIterator[Proxy]:
    """Return a worker of the proxy with the model "fast", which the provider answers, and a master key."""
    async with running(config(provider), provider, tmp_path) as proxy:
        yield proxy
