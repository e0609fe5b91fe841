"""What a client does beyond asking: all its policies in one place."""

from __future__ import annotations

from attrs import Factory, frozen

from aiollm.cache.cache import Cache
from aiollm.core.gate import Gate
from aiollm.engine.options import MidStream
from aiollm.middleware.budget import Budget
from aiollm.middleware.hedge import Hedge
from aiollm.middleware.retry import Retry

__all__ = ["Policies"]


@frozen(kw_only=True)
class Policies:
    """The policies of one client.

    Attributes:
        retry: when a failed attempt is made again.
        hedge: when a late attempt is made once more; None for never.
        limiter: the limits that all requests are under; None for none.
        budget: what all calls may spend together; None for any amount.
        mid_stream: what becomes of a stream of chat that breaks off, where a call does not say it itself.
        cache: where answers are kept; None for nowhere.
        single_flight: whether identical calls at the same time share one answer.
    """

    retry: Retry = Factory(Retry)
    hedge: Hedge | None = None
    limiter: Gate | None = None
    budget: Budget | None = None
    mid_stream: MidStream = "never"
    cache: Cache | None = None
    single_flight: bool = False
