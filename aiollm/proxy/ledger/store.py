"""The store: keys, teams, users and spend, wherever they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from aiollm.proxy.keys.holder import Holder, HolderId
from aiollm.proxy.ledger.database import Database
from aiollm.proxy.ledger.holder_scripts import Changes, changes_since, put_holders, rename_holder
from aiollm.proxy.ledger.row import SpendRow
from aiollm.proxy.ledger.spend_scripts import Grouping, Total, forget_rows, read_rows, read_totals, write_rows

__all__ = ["Store"]

_EVER = float(2**53)


class Store:
    """What is kept of a proxy. Every method raises `StoreUnavailable` while its database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, holders: Sequence[Holder] = (), gone: Sequence[HolderId] = ()) -> int:
        """Write holders whole, and take others away. Returns the version with these changes in it."""
        return await self._database.run(partial(put_holders, holders, gone))

    async def rename(self, before: HolderId, holder: Holder) -> int:
        """Write a holder in the place of one of another name, with what that has spent. Returns the version."""
        return await self._database.run(partial(rename_holder, before, holder))

    async def changes(self, since: int) -> Changes:
        """Return what has changed since a version; since 0, all there is."""
        return await self._database.run(partial(changes_since, since))

    async def write(self, rows: Sequence[SpendRow]) -> int:
        """Write rows of spend. One that is there already changes nothing. Returns how many were new."""
        return await self._database.run(partial(write_rows, rows))

    async def rows(
        self,
        *,
        key: str | None = None,
        model: str | None = None,
        since: float = 0.0,
        until: float = _EVER,
        limit: int = 100,
        offset: int = 0,
    ) -> list[SpendRow]:
        """Return rows of spend, the newest first.

        Args:
            key: of this key only, by its SHA-256.
            model: of this model only.
            since, until: that began from the one time and before the other, in seconds since 1970.
            limit, offset: how many, after leaving out how many.
        """
        return await self._database.run(
            partial(read_rows, key=key, model=model, since=since, until=until, limit=limit, offset=offset)
        )

    async def totals(
        self, by: Grouping, *, since: str = "0000-00-00", until: str = "9999-99-99", key: str | None = None
    ) -> list[Total]:
        """Return sums of spend, the dearest first.

        Args:
            by: what a sum is of.
            since, until: the first and the last day, as in "2026-11-26", UTC.
            key: of this key only, by its SHA-256.
        """
        return await self._database.run(partial(read_totals, by, since=since, until=until, key=key))

    async def forget(self, before: float) -> None:
        """Delete the rows of calls that began before a time; sums and balances stay."""
        await self._database.run(partial(forget_rows, before))

    async def close(self) -> None:
        """Close the database."""
        await self._database.close()
