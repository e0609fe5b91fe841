"""The exact cache: whole answers by the digest of what was asked, in a store in memory, in a file or elsewhere."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.cache.redis import RedisStore
    from aiollm.cache.sqlite import SQLiteStore
else:
    __getattr__ = parts_of(__name__, {"RedisStore": "redis", "SQLiteStore": "sqlite"})

__all__ = ["RedisStore", "SQLiteStore"]
