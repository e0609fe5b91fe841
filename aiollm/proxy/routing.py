"""The router that a configuration asks for."""

from __future__ import annotations

from aiollm.async_router import AsyncRouter
from aiollm.cache.cache import Cache
from aiollm.cache.memory import MemoryStore
from aiollm.cache.redis import RedisStore
from aiollm.proxy.config import Config, routing_arguments
from aiollm.proxy.redis_servers import cache_server, redis_arguments

__all__ = ["router_of"]


def router_of(config: Config) -> AsyncRouter:
    """Return the router of a configuration, with its cache.

    Raises:
        ValueError: the deployments, or the settings, cannot be used.
        ImportError: Redis is asked for, and redis-py is not installed (the extra `redis`).
    """
    return AsyncRouter(**routing_arguments(config), **redis_arguments(config), cache=_cache_of(config))


def _cache_of(config: Config) -> Cache | None:
    """Return the cache of all calls; with `default_off` nobody can ask for it, because callers do not steer it."""
    wanted = config.litellm.cache_params
    if not config.litellm.cache or wanted.mode == "default_off":
        return None
    server = cache_server(config)
    store = RedisStore(server) if server else MemoryStore()
    return Cache(store, ttl=wanted.ttl or 3600.0, namespace=wanted.namespace or "")
