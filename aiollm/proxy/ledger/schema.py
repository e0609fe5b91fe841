"""The tables. Texts and whole numbers only, so that both databases have them under the same words."""

from __future__ import annotations

from collections.abc import Generator

from aiollm.proxy.ledger.script import Rows, Statement

__all__ = ["create_tables"]

_TABLES = (
    "CREATE TABLE IF NOT EXISTS aiollm_epoch (only_row INTEGER PRIMARY KEY, value BIGINT NOT NULL)",
    "INSERT INTO aiollm_epoch (only_row, value) VALUES (1, 0) ON CONFLICT (only_row) DO NOTHING",
    """
    CREATE TABLE IF NOT EXISTS aiollm_holders (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        version BIGINT NOT NULL,
        record TEXT,
        PRIMARY KEY (kind, name)
    )
    """,
    "CREATE INDEX IF NOT EXISTS aiollm_holders_version ON aiollm_holders (version)",
    """
    CREATE TABLE IF NOT EXISTS aiollm_balances (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        period DOUBLE PRECISION NOT NULL,
        spent BIGINT NOT NULL,
        version BIGINT NOT NULL,
        PRIMARY KEY (kind, name, period)
    )
    """,
    "CREATE INDEX IF NOT EXISTS aiollm_balances_version ON aiollm_balances (version)",
    """
    CREATE TABLE IF NOT EXISTS aiollm_spend (
        id TEXT PRIMARY KEY,
        started DOUBLE PRECISION NOT NULL,
        key_hash TEXT,
        team TEXT,
        user_name TEXT,
        model TEXT NOT NULL,
        status TEXT NOT NULL,
        prompt_tokens BIGINT NOT NULL,
        completion_tokens BIGINT NOT NULL,
        cost BIGINT NOT NULL,
        record TEXT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS aiollm_spend_started ON aiollm_spend (started)",
    """
    CREATE TABLE IF NOT EXISTS aiollm_days (
        day TEXT NOT NULL,
        key_hash TEXT NOT NULL,
        team TEXT NOT NULL,
        user_name TEXT NOT NULL,
        model TEXT NOT NULL,
        requests BIGINT NOT NULL,
        failures BIGINT NOT NULL,
        prompt_tokens BIGINT NOT NULL,
        completion_tokens BIGINT NOT NULL,
        cost BIGINT NOT NULL,
        PRIMARY KEY (day, key_hash, team, user_name, model)
    )
    """,
)


_CREATE_KEY_INDEX = "CREATE INDEX IF NOT EXISTS aiollm_spend_key ON aiollm_spend (key_hash, started)"
_DROP_KEY_INDEX = "DROP INDEX IF EXISTS aiollm_spend_key"


def create_tables(*, by_key: bool) -> Generator[Statement, Rows, None]:
    """Make the tables that are not there yet.

    Args:
        by_key: whether there is to be an index by which the rows of a key are found. Only PostgreSQL looks at it:
            SQLite makes its plan before it knows whether a key is asked for, and each row would cost it a page of its
            own. Its files of before have one, which is taken away.
    """
    for statement in (*_TABLES, _CREATE_KEY_INDEX if by_key else _DROP_KEY_INDEX):
        yield statement, ()
