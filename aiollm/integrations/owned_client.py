"""A client that an application has from its start to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from aiollm.client import AsyncClient
from aiollm.core.runtime import Runtime

__all__ = ["owned"]

AnyClient = TypeVar("AnyClient", bound=AsyncClient)


@asynccontextmanager
async def owned(make: Callable[[], AnyClient]) -> AsyncGenerator[AnyClient, None]:
    """Make a client in the process and on the event loop that serve, and close its idle connections at the end.

    Args:
        make: makes it: `aiollm.Client`, a `functools.partial` of it, or a function that returns a `Router`.

    Connections in use are left to those who use them.
    """
    client = make()
    try:
        yield client
    finally:
        Runtime.current().pool.close_idle()
