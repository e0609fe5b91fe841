"""Limits that several processes share, and what else is kept in a Redis server."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.core.redis.limiter import RedisLimiter
else:
    __getattr__ = parts_of(__name__, {"RedisLimiter": "limiter"})

__all__ = ["RedisLimiter"]
