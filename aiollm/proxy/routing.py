"""The router that a configuration asks for."""

from __future__ import annotations

from typing import Any

from aiollm import cache
from aiollm.async_router import AsyncRouter
from aiollm.cache.cache import Cache
from aiollm.cache.memory import MemoryStore
from aiollm.proxy.config import Config, routing_arguments
from aiollm.proxy.redis_servers import cache_server, redis_arguments
from aiollm.router.limiters import MakeLimiter, limiter_of_share

__all__ = ["router_of"]


def router_of(config: Config, *, number: int = 0, workers: int = 1) -> AsyncRouter:
    """Return the router of a configuration, with its cache.

    Args:
        config: the configuration.
        number: which worker it is for, from 0.
        workers: how many there are; without Redis each keeps to its share of the limits of deployments.

    Raises:
        ValueError: the deployments, or the settings, cannot be used.
        ImportError: Redis is asked for, and redis-py is not installed (the extra `redis`).
    """
    settings = {**routing_arguments(config), **redis_arguments(config), "cache": _cache_of(config)}
    return _WorkersRouter(number, workers, settings)


class _WorkersRouter(AsyncRouter):
    """The router of one worker of several."""

    def __init__(self, number: int, workers: int, settings: dict[str, Any]) -> None:
        self._number, self._workers = number, workers
        super().__init__(**settings)

    def _limiting(self, redis: str | None) -> MakeLimiter:
        return limiter_of_share(self._number, self._workers) if redis is None else super()._limiting(redis)


def _cache_of(config: Config) -> Cache | None:
    """Return the cache of all calls; with `default_off` nobody can ask for it, because callers do not steer it."""
    wanted = config.litellm.cache_params
    if not config.litellm.cache or wanted.mode == "default_off":
        return None
    server = cache_server(config)
    store = cache.RedisStore(server) if server else MemoryStore()
    return Cache(store, ttl=wanted.ttl or 3600.0, namespace=wanted.namespace or "")
