"""Streams that a client may take up again after it has lost them: kept in memory, and in Redis for other instances."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.proxy.resume.recording import Recording, follow
    from aiollm.proxy.resume.redis_log import RedisLogs
    from aiollm.proxy.resume.routes import LAST_EVENT_ID, take_up
    from aiollm.proxy.resume.streams import LOST, STREAM_BYTES, ResumableStreams
else:
    __getattr__ = parts_of(
        __name__,
        {
            "LAST_EVENT_ID": "routes",
            "LOST": "streams",
            "STREAM_BYTES": "streams",
            "Recording": "recording",
            "RedisLogs": "redis_log",
            "ResumableStreams": "streams",
            "follow": "recording",
            "take_up": "routes",
        },
    )

__all__ = [
    "LAST_EVENT_ID",
    "LOST",
    "STREAM_BYTES",
    "Recording",
    "RedisLogs",
    "ResumableStreams",
    "follow",
    "take_up",
]
