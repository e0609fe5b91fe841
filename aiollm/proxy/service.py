"""What is served, and where its store is."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from aiollm.proxy.config import Config, Deployment, Reading
from aiollm.proxy.config.settings import DeploymentParams
from aiollm.proxy.ledger import Database, open_database

__all__ = ["LOCAL_MODEL", "Service", "database_of"]

LOCAL_MODEL = Config(deployments=(Deployment(model_name="*", params=DeploymentParams(model="local/smollm2")),))
"""What is served without a configuration: the model built in, whatever callers call it."""

MEMORY = Path(":memory:")


class Service(msgspec.Struct, frozen=True):
    """What is served, and where.

    Attributes:
        reading: the configuration as it was read.
        path: its file; None where there is none.
        host: the address.
        port: the port; 0 for a free one.
        needs_key: whether it must never be served without a master key: others than this machine can reach it.
        workers: how many processes listen on it.
    """

    reading: Reading
    path: Path | None
    host: str
    port: int
    needs_key: bool
    workers: int = 1

    @property
    def config(self) -> Config:
        """The configuration.

        Raises:
            ConfigError: it cannot be used.
        """
        return self.reading.require()

    def open_database(self) -> Database:
        """Return the database that the configuration names, or else SQLite's file beside it; one in memory without it.

        Raises:
            ValueError: it names one of a kind that is not known.
        """
        return database_of(self.config, MEMORY if self.path is None else self.path.with_suffix(".sqlite"))

    def spool(self, number: int) -> Path:
        """Return the file where a worker's spend waits for the store."""
        if self.path is None:
            return Path(tempfile.gettempdir()) / f"aiollm-{os.getpid()}.spool"
        return self.path.with_suffix(f".{number}.spool")


def database_of(config: Config, file: Path) -> Database:
    """Return the database that a configuration names, or else the file.

    Raises:
        ValueError: it names one of a kind that is not known.
    """
    general = config.general
    return open_database(general.database_url, file, most_connections=general.database_connection_pool_limit)
