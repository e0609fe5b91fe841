"""What one worker of the proxy has in its memory, and what it keeps in the store."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, Self, TypeVar

from msgspec.structs import replace

from aiollm.async_router import AsyncRouter
from aiollm.engine.attempt import Attempt
from aiollm.integrations.prometheus import PrometheusMetrics
from aiollm.providers.registry import set_variables
from aiollm.proxy import ledger, resume
from aiollm.proxy.config import Config, routing_arguments
from aiollm.proxy.entrance import Entrance
from aiollm.proxy.grant import Grants
from aiollm.proxy.keys import Holder, Keyring
from aiollm.proxy.ledger import (
    Admissions,
    Database,
    OwnLimits,
    SpendRow,
    SpendWriter,
    Spool,
    Store,
    StoreUnavailable,
)
from aiollm.proxy.live import LiveCalls
from aiollm.proxy.redis_servers import shared_server
from aiollm.proxy.routing import router_of
from aiollm.types.secret import Secret

__all__ = ["Gateway"]

T = TypeVar("T")

SPOOL_BYTES = 256 * 1024 * 1024
"""How many bytes of spend rows wait on the disk while the store is gone; that is about a million calls."""

FORGET_SECONDS = 600.0
"""How often rows of spend are deleted that are older than the configuration wants to keep."""

COUNT_SECONDS = 1.0
"""How often calls are counted for Prometheus: another worker may be asked for the numbers."""

_NANO = 1_000_000_000

_logger = logging.getLogger("aiollm.proxy")


class Gateway:
    """One worker's state. Nothing in it is waited for while a request is answered, but for the router.

        async with Gateway(config, open_database(None, Path("proxy.sqlite")), Path("proxy.spool")) as gateway:
            ...

    Args:
        config: the configuration.
        database: where keys and spend are kept; it is closed with the rest.
        spool: where spend waits for the store; this worker's own file.
        number: which worker of this instance it is, from 0.
        workers: how many there are.

    Attributes:
        config: the configuration.
        router: answers the calls.
        grants: what callers may do with models, as far as they have asked.
        keyring: who may call.
        admissions: limits and budgets.
        shared_limits: the limits of holders where they are shared over Redis; None where they are not.
        spending: takes the rows of spend.
        store: keys and spend, as they are kept.
        database_url: where that is; None for a file.
        entrance: lets calls in, as many as the worker answers at a time.
        redis_url: the server where instances meet; None where they do not.
        streams: those that may be taken up again; None where they never could.
        live: what is being answered now.
        metrics: counts the calls; None where prometheus-client is not installed.
        accepting: whether the worker is to get further calls; false from the moment that it is to end.

    Raises:
        ValueError: the configuration cannot be used.
        ImportError: it needs a package that is not installed; the message says which.
    """

    def __init__(self, config: Config, database: Database, spool: Path, *, number: int = 0, workers: int = 1) -> None:
        set_variables(config.environment)
        self.config: Config = config
        self._number, self._workers = number, workers
        self.router: AsyncRouter = router_of(config, number=number, workers=workers)
        self.keyring: Keyring = Keyring(config.general.master_key)
        self.redis_url: str | None = shared_server(config)
        self.shared_limits: ledger.SharedLimits | None = _shared_limits(self.redis_url, config, workers)
        limits = self.shared_limits or OwnLimits(number, workers)
        self.admissions: Admissions = Admissions(config.litellm.budget_exceeded_status_code or 429, limits)
        self._shared_budgets = None if self.redis_url is None else ledger.SharedBudgets(self.redis_url, self.admissions)
        self.database_url: Secret | None = config.general.database_url
        self.store: Store = Store(database)
        interval = config.general.proxy_batch_write_at or 1.0
        self.spending: SpendWriter = SpendWriter(
            self.store, self.keyring, self.admissions, Spool(spool, SPOOL_BYTES), interval=interval
        )
        self.entrance: Entrance = Entrance()
        self.streams = _streams(config, self.redis_url)
        self.live: LiveCalls = LiveCalls()
        self._left: set[asyncio.Task[Any]] = set()  # calls that go on although their client may leave
        self.metrics: PrometheusMetrics | None = _metrics()
        self.accepting = True
        self._replaced: list[AsyncRouter] = []
        self._chores: list[asyncio.Task[None]] = []
        self.grants: Grants = Grants(config, self.router, _everybody(config))

    @property
    def resumable(self) -> resume.ResumableStreams | None:
        """Where new streams are kept, so that they may be taken up again; None where they are not to be."""
        return self.streams if self.config.aiollm.resumable_streams else None

    @property
    def over_budget(self) -> int:
        """The status for a budget that is spent."""
        return self.admissions.over_budget

    async def __aenter__(self) -> Self:
        """Learn what the store holds.

        Raises:
            StoreUnavailable: it cannot be reached, so nobody's key is known.
        """
        try:
            await self.spending.start()
        except BaseException:
            await self.store.close()
            raise
        if self._shared_budgets is not None:
            self._shared_budgets.start()
        self._chores.append(asyncio.create_task(self._forget(), name="aiollm spend retention"))
        if self.metrics is not None:
            self._chores.append(asyncio.create_task(_count(self.metrics), name="aiollm metrics"))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is still to be written, and let go of everything."""
        for chore in self._chores:
            chore.cancel()
            await asyncio.wait([chore])
        if self.streams is not None:
            await self.streams.aclose()
        await self.spending.close()
        await self.store.close()
        await self.admissions.limits.aclose()
        if self._shared_budgets is not None:
            await self._shared_budgets.aclose()
        for router in (*self._replaced, self.router):
            await router.aclose()
        if self.metrics is not None and self.metrics.shared:
            self.metrics.count()

    async def to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for work, which goes on when the waiting is cancelled; `live` knows of it."""
        task = asyncio.create_task(work)
        self._left.add(task)
        task.add_done_callback(self._left.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_heard)
            raise

    def note(self, row: SpendRow, attempts: Iterable[Attempt] = (), key_alias: str | None = None) -> None:
        """Take down a call that has ended: what it cost, and what Prometheus is told of it."""
        self.spending.add(row)
        if self.metrics is not None:
            self.metrics.ended(row, attempts, key_alias=key_alias)

    def reconfigure(self, config: Config) -> None:
        """Go over to another configuration; calls that go on keep what they began with.

        The database stays the one that it was, and so does the Redis server. What is known of deployments is kept where
        only the list has changed.

        Raises:
            ValueError: the configuration cannot be used; nothing has changed then.
            ImportError: it needs a package that is not installed; nothing has changed then.
        """
        set_variables(config.environment)
        router = router_of(config, number=self._number, workers=self._workers)
        if replace(config, deployments=(), digest="") == replace(self.config, deployments=(), digest=""):
            self.router.set_model_list(routing_arguments(config)["model_list"])
        else:
            self._replaced.append(self.router)
            self.router = router
        self.config = config
        self.keyring.set_master(config.general.master_key)
        self.admissions.over_budget = config.litellm.budget_exceeded_status_code or 429
        self.grants = Grants(config, self.router, _everybody(config))
        if self.streams is None:
            self.streams = _streams(config, self.redis_url)
        else:
            self.streams.grace, self.streams.keep = config.aiollm.resume_grace, config.aiollm.resume_keep

    async def _forget(self) -> None:
        """Delete rows of spend that are older than they are to be kept; sums and balances stay."""
        while True:
            kept = self.config.general.maximum_spend_logs_retention_period
            if self.config.general.disable_spend_logs:
                kept = 0.0
            if kept is not None:
                try:
                    await self.store.forget(time.time() - kept)
                except StoreUnavailable as error:
                    _logger.warning("old rows of spend could not be deleted: %s", error)
            await asyncio.sleep(FORGET_SECONDS)


async def _count(metrics: PrometheusMetrics) -> None:
    await asyncio.sleep(COUNT_SECONDS)  # the first call is not to wait for this
    await asyncio.to_thread(metrics.load)
    while True:
        metrics.count()
        await asyncio.sleep(COUNT_SECONDS)


def _heard(task: asyncio.Task[Any]) -> None:
    """Take note of how work has ended that nobody waits for: its row of spend says it."""
    if not task.cancelled():
        task.exception()


def _shared_limits(url: str | None, config: Config, workers: int) -> ledger.SharedLimits | None:
    if url is None:
        return None
    return ledger.SharedLimits(url, on_failure=config.aiollm.limits_without_redis, workers=workers)


def _streams(config: Config, url: str | None) -> resume.ResumableStreams | None:
    settings = config.aiollm
    if not settings.resumable_streams:
        return None
    shared = None if url is None else resume.RedisLogs(url, most_bytes=resume.STREAM_BYTES)
    return resume.ResumableStreams(grace=settings.resume_grace, keep=settings.resume_keep, shared=shared)


def _metrics() -> PrometheusMetrics | None:
    try:
        return PrometheusMetrics()
    except ImportError:
        return None


def _everybody(config: Config) -> tuple[Holder, ...]:
    """Return the holder of the proxy's own limits, under the name that LiteLLM has for it."""
    budget, parallel = config.litellm.max_budget, config.general.global_max_parallel_requests
    if budget is None and parallel is None:
        return ()
    return (
        Holder(
            kind="user",
            name="litellm-proxy-budget",
            budget=None if budget is None else int(budget * _NANO),
            budget_period=config.litellm.budget_duration,
            parallel=parallel,
        ),
    )
