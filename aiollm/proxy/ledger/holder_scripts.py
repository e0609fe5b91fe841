"""Holders in the database, under a version that grows with every change.

The row of the version is locked from its change to the end of the transaction, so that versions become visible in
their order: who has seen one has seen all before it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import msgspec

from aiollm.proxy.keys.holder import Holder, HolderId
from aiollm.proxy.ledger.script import Rows, Statement

__all__ = ["Changes", "changes_since", "next_version", "put_holders", "rename_holder"]

_NEXT = "UPDATE aiollm_epoch SET value = value + 1 WHERE only_row = 1 RETURNING value"
_PUT = """
    INSERT INTO aiollm_holders (kind, name, version, record) VALUES (?, ?, ?, ?)
    ON CONFLICT (kind, name) DO UPDATE SET version = excluded.version, record = excluded.record
"""
_HOLDERS = "SELECT kind, name, version, record FROM aiollm_holders WHERE version > ? ORDER BY version"
_COPY_BALANCES = """
    INSERT INTO aiollm_balances (kind, name, period, spent, version)
    SELECT kind, CAST(? AS TEXT), period, spent, CAST(? AS BIGINT) FROM aiollm_balances WHERE kind = ? AND name = ?
"""
_BALANCES = "SELECT kind, name, period, spent, version FROM aiollm_balances WHERE version > ?"


class Changes(msgspec.Struct, frozen=True):
    """What is other than it was at a version.

    Attributes:
        holders: those that are new or changed.
        gone: those that are no more.
        balances: what was spent, in billionths of a US dollar, by holder and beginning of the period.
        version: the version with all of this in it.
    """

    holders: tuple[Holder, ...]
    gone: tuple[HolderId, ...]
    balances: dict[tuple[HolderId, float], int]
    version: int


def next_version() -> Generator[Statement, Rows, int]:
    """Return a new version, and keep others from having one before this transaction ends."""
    rows = yield _NEXT, ()
    return int(rows[0][0])


def put_holders(holders: Sequence[Holder], gone: Sequence[HolderId]) -> Generator[Statement, Rows, int]:
    """Write holders, and what is left of those that are no more. Returns the version."""
    version = yield from next_version()
    for holder in holders:
        yield _PUT, (*holder.id, version, msgspec.json.encode(holder).decode())
    for name in gone:
        yield _PUT, (*name, version, None)
    return version


def rename_holder(before: HolderId, holder: Holder) -> Generator[Statement, Rows, int]:
    """Write a holder in the place of one of another name, with what that has spent. Returns the version."""
    version = yield from put_holders([holder], [before])
    yield _COPY_BALANCES, (holder.name, version, *before)
    return version


def changes_since(version: int) -> Generator[Statement, Rows, Changes]:
    """Return what has changed since a version; since 0, all there is."""
    holders = yield _HOLDERS, (version,)
    balances = yield _BALANCES, (version,)
    versions = [row[2] for row in holders] + [row[4] for row in balances]
    return Changes(
        tuple(msgspec.json.decode(record, type=Holder) for _, _, _, record in holders if record is not None),
        tuple(HolderId(kind, name) for kind, name, _, record in holders if record is None),
        {(HolderId(kind, name), period): spent for kind, name, period, spent, _ in balances},
        max(versions, default=version),
    )
