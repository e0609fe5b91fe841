"""The one task that writes spend behind, and learns what others have written. No call waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from itertools import islice
from typing import Self

from aiollm.proxy.keys.holder import HolderId
from aiollm.proxy.keys.keyring import Keyring
from aiollm.proxy.ledger.admission import Admissions
from aiollm.proxy.ledger.row import SpendRow, written_sums
from aiollm.proxy.ledger.spool import Spool
from aiollm.proxy.ledger.store import Store
from aiollm.proxy.ledger.unavailable import StoreUnavailable

__all__ = ["SpendWriter"]

BATCH = 2_000
"""Rows that are written together, at once: as many of a busy second as can be. A row among 500 took twice the time."""

MOST_IN_MEMORY = 5_000
"""Rows; while the store is gone, more go to the spool."""

LAST_SECONDS = 5.0
"""How long the end waits for the store; what is left then goes to the spool."""

_logger = logging.getLogger("aiollm.proxy")


class SpendWriter:
    """Takes rows, and writes them in batches; every round also takes over what has changed in the store.

        async with SpendWriter(store, keyring, admissions, spool) as writer:
            writer.add(row)

    While the store cannot be reached, rows wait: in memory, then in the spool, of which a later process writes what
    this one leaves. `full` says that there is no more room: calls must be refused then, or spend would be lost.

    Args:
        store: where rows go.
        keyring, admissions: what learns of changes: keys within a second, whoever changed them.
        spool: where rows wait that do not fit into memory.
        interval: seconds between rounds.
    """

    def __init__(
        self, store: Store, keyring: Keyring, admissions: Admissions, spool: Spool, *, interval: float = 1.0
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._admissions = admissions
        self._spool = spool
        self._interval = interval
        self._waiting: deque[SpendRow] = deque()
        self._wake = asyncio.Event()
        self._rounds: list[asyncio.Future[None]] = []
        self._spilled: Counter[tuple[HolderId, float]] = Counter()  # of this process, and so among what is unwritten
        self._task: asyncio.Task[None] | None = None
        self.fault: str | None = None

    @property
    def pending(self) -> int:
        """How many rows wait in memory."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether there is no room left for rows while the store is gone."""
        return len(self._waiting) >= MOST_IN_MEMORY and self._spool.full

    def add(self, row: SpendRow) -> None:
        """Take a row. It costs an addition to a list."""
        self._waiting.append(row)
        if len(self._waiting) >= BATCH and self.fault is None:
            self._wake.set()

    async def start(self) -> None:
        """Learn what the store holds, and begin.

        Raises:
            StoreUnavailable: the store cannot be reached, so nobody's key is known.
        """
        await self._learn()
        self._task = asyncio.create_task(self._run(), name="aiollm spend writer")

    async def flush(self) -> None:
        """Wait for the end of a whole round that begins now.

        Raises:
            StoreUnavailable: the store could not be reached in it.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rounds.append(done)
        self._wake.set()
        await done
        if self.fault is not None:
            raise StoreUnavailable(self.fault)

    async def close(self) -> None:
        """Write what waits, or else put it into the spool, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        for done in self._rounds:
            done.cancel()
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self._write()
        except (StoreUnavailable, TimeoutError):
            self._spill(len(self._waiting))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._interval):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            rounds, self._rounds = self._rounds, []
            await self._round()
            for done in rounds:
                if not done.done():
                    done.set_result(None)

    async def _round(self) -> None:
        try:
            await self._write()
            await self._learn()
        except StoreUnavailable as error:
            if self.fault is None:
                _logger.warning("the store is gone, spend is kept until it is back: %s", error)
            self.fault = str(error)
            if len(self._waiting) > MOST_IN_MEMORY and not self._spool.full:
                self._spill(len(self._waiting) - MOST_IN_MEMORY // 2)
        else:
            if self.fault is not None:
                _logger.warning("the store is back")
            self.fault = None

    async def _write(self) -> None:
        """Write the rows of the spool, then those in memory. They are let go only when the store has them."""
        if self._spool.size:
            rows = self._spool.rows()
            for start in range(0, len(rows), BATCH):
                await self._store.write(rows[start : start + BATCH])
            self._spool.clear()
            self._admissions.written(self._spilled)
            self._spilled.clear()
        left = len(self._waiting)  # what comes meanwhile waits: a busy second would end in dozens of small batches
        while left:
            batch = list(islice(self._waiting, min(left, BATCH)))
            await self._store.write(batch)
            left -= len(batch)
            for _ in batch:
                self._waiting.popleft()
            self._admissions.written(written_sums(batch))

    async def _learn(self) -> None:
        changes = await self._store.changes(self._keyring.version)
        self._keyring.update(changes.holders, changes.gone, version=changes.version)
        self._admissions.refresh(changes.balances)

    def _spill(self, count: int) -> None:
        rows = list(islice(self._waiting, count))
        self._spool.add(rows)
        self._spilled.update(written_sums(rows))
        for _ in rows:
            self._waiting.popleft()
