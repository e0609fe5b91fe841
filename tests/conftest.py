"""What every test gets: no network but loopback, no keys or proxies of the machine, nothing left running."""

import asyncio
import gc
import inspect
import ipaddress
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aiollm.providers import known_models
from aiollm.providers.catalog import read_catalog
from aiollm.providers.identity import IDENTITIES
from tests import CORPUS, profiles
from tests.missing import do_without
from tests.services.redis import mortal_redis, redis_program, redis_server

# Fixtures for every test, and how properties are tried.
__all__ = ["mortal_redis", "profiles", "redis_program", "redis_server"]

GRACE = 1.0  # seconds that tasks and threads get to end after a test
# The sync loop thread stays; a loop's name-lookup threads end with their loop.
LASTING_THREADS = ("aiollm", "asyncio_", "uvloop_")

_outside: list[str] = []  # an audit hook cannot be removed, so there is one, and each test reads what it noted


def _allowed(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(host, str) or host in ("", "localhost") or host.endswith((".localhost", ".invalid")):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _watch_network(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if not _allowed(host):
        _outside.append(f"{event} {host!r}")
        raise PermissionError(f"tests may reach loopback only: {event} {host!r}")


sys.addaudithook(_watch_network)
# Ten thousand tests are a million objects that stay: to look through them more often took a tenth of collecting tests.
gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Fail a test that tried to reach anything but loopback, even if the code under test hid the refusal."""
    _outside.clear()
    yield
    assert not _outside, "the test reached outside of loopback"


@pytest.fixture(scope="session")
def provider_variables() -> set[str]:
    """Return the environment variables that rows of the catalogue name."""
    of_rows = {
        name
        for row in read_catalog().values()
        for names in (
            row.key_env,
            row.base_url_env,
            row.header_env.values(),
            *row.placeholders.values(),
            *row.body_env.values(),
        )
        for name in names
    }
    return of_rows | {name for cloud in IDENTITIES.values() for names in cloud.options.values() for name in names}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, provider_variables: set[str]) -> None:
    """Hide the machine's keys, base URLs, proxies and prices, so that a test means the same everywhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    known_models._cache_folder.cache_clear()
    for name in list(os.environ):
        if name in provider_variables or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fail a test that leaves a task running on its event loop."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=GRACE)
    assert not left, "the test left tasks running"


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest, no_network: None, clean_environment: None) -> Iterator[None]:
    """Fail a test that leaves a thread, or a task of its event loop, behind."""
    before = set(threading.enumerate())
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("no_task_left")
    yield
    left = [thread for thread in set(threading.enumerate()) - before if not thread.name.startswith(LASTING_THREADS)]
    for thread in left:
        thread.join(GRACE)
    assert not [thread for thread in left if thread.is_alive()], "the test left threads running"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of recorded traffic beside the checkout; with AIOLLM_CORPUS=required it must be there."""
    if not CORPUS.is_dir():
        do_without(f"no recorded traffic at {CORPUS}")
    return CORPUS
