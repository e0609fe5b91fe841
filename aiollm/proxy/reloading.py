"""Another configuration for a worker that serves: taken over whole, or not at all."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from aiollm.proxy.config import Config, Marks, Reading, marks_of, read_config
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.redis_servers import shared_server

__all__ = ["WATCH_SECONDS", "keep_current", "take_over"]

WATCH_SECONDS = 1.0
"""How often the files are looked at."""

_logger = logging.getLogger("aiollm.proxy")


async def keep_current(gateway: Gateway, path: Path, marks: Marks, wanted: asyncio.Event, *, needs_key: bool) -> None:
    """Take over the configuration whenever one of its files changes, or somebody wants it; it ends by cancelling.

    Args:
        gateway: the worker's state.
        path: the configuration's file.
        marks: its files as they were when what is served was read.
        wanted: set by whoever wants it to be read now.
        needs_key: whether a configuration without a master key is to be refused.
    """
    while True:
        try:
            async with asyncio.timeout(WATCH_SECONDS):
                await wanted.wait()
        except TimeoutError:
            if marks_of(marks) == marks:
                continue
        wanted.clear()
        reading = read_config(path)
        marks = reading.marks
        take_over(gateway, path, reading, needs_key=needs_key)


def take_over(gateway: Gateway, path: Path, reading: Reading, *, needs_key: bool) -> bool:
    """Take over a configuration that was read; the log says why, where that cannot be. Returns whether it was."""
    for problem in reading.problems:
        _logger.warning("%s", problem)
    try:
        config = reading.require()
        if needs_key and config.general.master_key is None:
            raise ValueError("general_settings.master_key is gone, and others than this machine can reach the proxy")
        gateway.reconfigure(config)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the old one serves
        _logger.error("the configuration is not taken over, the one before goes on: %s", _first_line(error))
        return False
    _warn_of_restart(config, gateway)
    _logger.warning("the configuration of %s is taken over: %d deployments", path, len(config.deployments))
    return True


def _warn_of_restart(config: Config, gateway: Gateway) -> None:
    if config.general.database_url != gateway.database_url:
        _logger.warning("general_settings.database_url has changed, which takes a restart; the old one is used")
    if shared_server(config) != gateway.redis_url:
        _logger.warning("the Redis server of shared limits has changed, which takes a restart; the old one is used")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
