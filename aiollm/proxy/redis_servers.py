"""The Redis servers that a configuration names."""

from __future__ import annotations

from typing import Any

from aiollm.proxy.config import Config
from aiollm.router_arguments.settings import redis_address

__all__ = ["cache_server", "redis_arguments", "shared_server"]

_NAMES = ("redis_url", "redis_host", "redis_port", "redis_password", "redis_db")


def redis_arguments(config: Config) -> dict[str, Any]:
    """Return what `router_settings` says of a server, as arguments of a router."""
    return _told({name: getattr(config.router, name) for name in _NAMES})


def cache_server(config: Config) -> str | None:
    """Return the URL of the cache's server; None where the cache is in memory, or there is none."""
    wanted = config.litellm.cache_params
    if not config.litellm.cache or wanted.type != "redis":
        return None
    own = {"redis_url": wanted.url, "redis_host": wanted.host, "redis_port": wanted.port}
    return redis_address(_told({**own, "redis_password": wanted.password}))


def shared_server(config: Config) -> str | None:
    """Return the URL of the server where instances meet: the router's, or else the cache's; None where there is none.

    LiteLLM's proxy counts keys at the cache's, and its router at its own.
    """
    return redis_address(redis_arguments(config)) or cache_server(config)


def _told(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that are said, as the texts and numbers that a router takes."""
    return {
        name: value.reveal() if hasattr(value, "reveal") else value
        for name, value in settings.items()
        if value is not None
    }
