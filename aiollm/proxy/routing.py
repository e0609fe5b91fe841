"""The router that a configuration asks for."""

from __future__ import annotations

from typing import Any

from aiollm.async_router import AsyncRouter
from aiollm.cache.cache import Cache
from aiollm.cache.memory import MemoryStore
from aiollm.cache.redis import RedisStore
from aiollm.proxy.config import Config, routing_arguments
from aiollm.router_arguments.settings import redis_address

__all__ = ["router_of"]

_REDIS = ("redis_url", "redis_host", "redis_port", "redis_password", "redis_db")


def router_of(config: Config) -> AsyncRouter:
    """Return the router of a configuration, with its cache.

    Raises:
        ValueError: the deployments, or the settings, cannot be used.
        ImportError: Redis is asked for, and redis-py is not installed (the extra `redis`).
    """
    shared = {name: getattr(config.router, name) for name in _REDIS}
    return AsyncRouter(**routing_arguments(config), **_told(shared), cache=_cache_of(config))


def _cache_of(config: Config) -> Cache | None:
    """Return the cache of all calls; with `default_off` nobody can ask for it, because callers do not steer it."""
    wanted = config.litellm.cache_params
    if not config.litellm.cache or wanted.mode == "default_off":
        return None
    own = {"redis_url": wanted.url, "redis_host": wanted.host, "redis_port": wanted.port}
    address = redis_address(_told({**own, "redis_password": wanted.password}))
    store = RedisStore(address) if wanted.type == "redis" and address else MemoryStore()
    return Cache(store, ttl=wanted.ttl or 3600.0, namespace=wanted.namespace or "")


def _told(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that are said, as the texts and numbers that a router takes."""
    return {
        name: value.reveal() if hasattr(value, "reveal") else value
        for name, value in settings.items()
        if value is not None
    }
