"""What a client does beyond asking: all its policies in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import Attribute, Factory, field, frozen

from aiollm.cache.cache import Cache
from aiollm.core.gate import Gate
from aiollm.engine.options import MidStream
from aiollm.hooks.hook import Listener, checked_hooks
from aiollm.middleware.budget import Budget
from aiollm.middleware.hedge import Hedge
from aiollm.middleware.retry import Retry
from aiollm.types.shape import is_mapping

__all__ = ["Policies"]


def _must_be(kind: type, example: str) -> Callable[[Any, Attribute[Any], Any], None]:
    """Return a validator that says how a policy is written: a number or a store in its place is an easy mistake."""

    def check(owner: Any, attribute: Attribute[Any], value: Any) -> None:
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{attribute.name} must be an object such as {example}; got {value!r:.80}")

    return check


def _limits(owner: Any, attribute: Attribute[Any], value: Any) -> None:
    of_providers = value if is_mapping(value) else {"": value}
    for gate in of_providers.values():
        _must_be(Gate, "aiollm.Limiter(rpm=500), or a dict of such by provider")(owner, attribute, gate)


@frozen(kw_only=True)
class Policies:
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

    retry: Retry = field(default=Factory(Retry), validator=_must_be(Retry, "aiollm.Retry(retries=4)"))
    hedge: Hedge | None = field(default=None, validator=_must_be(Hedge, "aiollm.Hedge(after=2.0)"))
    limiter: Gate | Mapping[str, Gate] | None = field(default=None, validator=_limits)
    budget: Budget | None = field(default=None, validator=_must_be(Budget, "aiollm.Budget(usd=5)"))
    mid_stream: MidStream = "never"
    cache: Cache | None = field(default=None, validator=_must_be(Cache, "aiollm.Cache(aiollm.MemoryStore())"))
    single_flight: bool = False
    hooks: tuple[Listener, ...] = field(default=(), converter=checked_hooks)
