"""A visit at the server: the script that runs there, and how it is called."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aiollm.core.redis.lease import Answer, Question

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["visit"]


async def visit(client: Redis, key: str, question: Question) -> Answer:
    """Run the script for a limiter's key, in one round trip where the server knows it already.

    Raises:
        redis.RedisError, OSError, msgspec.MsgspecError: it could not be run, or the answer is not the script's.
    """
    from redis.exceptions import NoScriptError

    script, digest = _script()
    asked = msgspec.msgpack.encode(question)
    untyped: Any = client  # it does not type all of its answers
    run: Callable[..., Awaitable[bytes]] = untyped.execute_command
    try:  # whatever the client decodes else, this is binary
        answer = await run("EVALSHA", digest, 1, key, asked, NEVER_DECODE=True)
    except NoScriptError:  # EVAL keeps it, and needs no right to load scripts
        answer = await run("EVAL", script, 1, key, asked, NEVER_DECODE=True)
    return msgspec.msgpack.decode(answer, type=Answer)


@cache
def _script() -> tuple[str, str]:
    script = Path(__file__).with_name("visit.lua").read_text("utf-8")
    return script, hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
