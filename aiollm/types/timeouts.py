"""The four clocks of a call."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from attrs import Attribute, evolve, field, frozen

__all__ = ["Timeouts"]


def _positive(owner: Any, attribute: Attribute[Any], value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{attribute.name} must be seconds as a number, or None; got {type(value).__name__}")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{attribute.name} must be more than 0 seconds (None switches the clock off); got {value}")


@frozen(kw_only=True)
class Timeouts:
    """The clocks of one call. All values are seconds (float); None switches a clock off.

    Attributes:
        connect: from the start of name resolution to the end of the TLS handshake; raises `ConnectTimeout`.
        first_token: from the request being sent to the first content; raises `FirstTokenTimeout`.
        idle: between one content and the next; heartbeats and comments never reset it; raises `IdleTimeout`.
        total: the whole call by the wall clock, queueing included; raises `TotalTimeout`.

    The first three run only while the library waits for the network: a slow reader never trips `idle`.

    Raises:
        ValueError: a value is not a number, not finite, or not above 0.
    """

    connect: float | None = field(default=10.0, validator=_positive)
    first_token: float | None = field(default=600.0, validator=_positive)
    idle: float | None = field(default=120.0, validator=_positive)
    total: float | None = field(default=None, validator=_positive)

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, timeout: float | Timeouts | None, stream_timeout: float | None, *, stream: bool) -> Timeouts:
        """Read the call parameters `timeout` and `stream_timeout`, in seconds.

        A plain number is the longest wait, as users of LiteLLM and OpenAI mean it: it sets `first_token` and `idle`,
        caps `connect`, and is `total` for a call that does not stream.
        """
        if isinstance(timeout, Timeouts):
            clocks = timeout
        elif timeout is None:
            clocks = cls() if stream else cls(total=600.0)
        else:
            clocks = cls(first_token=timeout, idle=timeout, total=None if stream else timeout)
            clocks = evolve(clocks, connect=min(10.0, timeout))
        if stream and stream_timeout is not None:
            clocks = evolve(clocks, first_token=stream_timeout, idle=stream_timeout)
        return clocks
