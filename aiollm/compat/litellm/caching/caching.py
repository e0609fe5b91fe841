"""LiteLLM's `Cache`, made of aiollm's."""

from __future__ import annotations

from typing import Any

from aiollm.arguments import hidden
from aiollm.cache.cache import Cache as OwnCache
from aiollm.cache.memory import MemoryStore
from aiollm.cache.redis import RedisStore
from aiollm.cache.sqlite import SQLiteStore
from aiollm.cache.store import CacheStore
from aiollm.compat.litellm.settings import SETTINGS
from aiollm.router_arguments.settings import redis_address

__all__ = ["Cache", "disable_cache", "enable_cache", "update_cache"]

_KNOWN = ("local", "disk", "redis")


class Cache(OwnCache):
    """Keeps answers, for `litellm.cache`; see `aiollm.Cache` for what it promises.

    Args:
        type: "local" (the memory of this process), "disk" (a file, in `disk_cache_dir`) or "redis".
        host, port, password, url: where the Redis server is.
        ttl: how long answers are kept, in seconds; an hour where nothing is said.
        namespace: keeps them apart from those of others in the same store.
        disk_cache_dir: the folder of the file; the current one where nothing is said.

    Raises:
        ValueError: there is no such type.
        ImportError: redis-py is not installed (the extra `redis`).
    """

    def __init__(
        self,
        type: str = "local",
        *,
        host: str | None = None,
        port: int | str | None = None,
        password: str | None = None,
        url: str | None = None,
        ttl: float | None = None,
        namespace: str | None = None,
        disk_cache_dir: str | None = None,
    ) -> None:
        password, url = hidden(password), hidden(url)
        store = _store(
            str(type),
            {"redis_url": url, "redis_host": host, "redis_port": port, "redis_password": password},
            disk_cache_dir,
        )
        super().__init__(store, ttl=3600.0 if ttl is None else ttl, namespace=namespace or "")


def _store(type: str, server: dict[str, Any], folder: str | None) -> CacheStore:
    if type == "local":
        return MemoryStore()
    if type == "disk":
        return SQLiteStore(f"{folder or '.'}/litellm_cache.sqlite")
    address = redis_address(server)
    if type == "redis" and address is not None:
        return RedisStore(address)
    if type == "redis":
        raise ValueError("Cache: type 'redis' needs a host or a url")
    raise ValueError(f"Cache has no type {type!r}; there are {', '.join(map(repr, _KNOWN))}, and stores of your own")


def enable_cache(type: str = "local", **options: Any) -> None:
    """Keep the answers of this module's functions; see `Cache`."""
    SETTINGS.cache = Cache(type, **options)


update_cache = enable_cache


def disable_cache() -> None:
    """Keep no answers any more."""
    SETTINGS.cache = None
