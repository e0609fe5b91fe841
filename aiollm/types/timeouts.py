"""The four clocks of a call."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

__all__ = ["Timeouts"]


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
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

    connect: float | None = 10.0
    first_token: float | None = 600.0
    idle: float | None = 120.0
    total: float | None = None

    def __post_init__(self) -> None:
        for clock in self.__struct_fields__:
            _check(clock, getattr(self, clock))

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
            clocks = replace(clocks, connect=min(10.0, timeout))
        if stream and stream_timeout is not None:
            clocks = replace(clocks, first_token=stream_timeout, idle=stream_timeout)
        return clocks


def _check(clock: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{clock} must be seconds as a number, or None; got {type(value).__name__}")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{clock} must be more than 0 seconds (None switches the clock off); got {value}")
