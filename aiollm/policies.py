"""What a client does beyond asking: all its policies in one place."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aiollm.cache.cache import Cache
from aiollm.core.gate import Gate
from aiollm.engine.options import MidStream
from aiollm.hooks.hook import Listener
from aiollm.middleware.budget import Budget
from aiollm.middleware.hedge import Hedge
from aiollm.middleware.retry import Retry
from aiollm.types.shape import is_mapping

__all__ = ["Policies"]


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """The policies of one client.

    Attributes:
        retry: when a failed attempt is made again.
        hedge: when a late attempt is made once more; None for never.
        limiter: the limits that all requests are under; or provider -> those of its requests, where several are asked:
            what one of them says of its limits must not hold up another. None for none.
        budget: what all calls may spend together; None for any amount.
        mid_stream: what becomes of a stream of chat that breaks off, where a call does not say it itself.
        cache: where answers are kept; None for nowhere.
        single_flight: whether identical calls at the same time share one answer.
        hooks: who hears what becomes of calls.
    """

    retry: Retry = msgspec.field(default_factory=Retry)
    hedge: Hedge | None = None
    limiter: Gate | Mapping[str, Gate] | None = None
    budget: Budget | None = None
    mid_stream: MidStream = "never"
    cache: Cache | None = None
    single_flight: bool = False
    hooks: tuple[Listener, ...] = ()

    def __post_init__(self) -> None:
        _check("retry", self.retry, Retry, "aiollm.Retry(retries=4)")
        _check("hedge", self.hedge, Hedge, "aiollm.Hedge(after=2.0)")
        for gate in self.limiter.values() if is_mapping(self.limiter) else [self.limiter]:
            _check("limiter", gate, Gate, "aiollm.Limiter(rpm=500), or a dict of such by provider")
        _check("budget", self.budget, Budget, "aiollm.Budget(usd=5)")
        _check("cache", self.cache, Cache, "aiollm.Cache(aiollm.MemoryStore())")


def _check(name: str, value: object, kind: type, example: str) -> None:
    """Say how a policy is written: a number or a store in its place is an easy mistake.

    Raises:
        TypeError: it is written otherwise.
    """
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} must be an object such as {example}; got {value!r:.80}")
