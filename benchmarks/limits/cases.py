"""Who limits what, and who calls."""

from collections.abc import Callable

from attrs import frozen

from benchmarks.limits.hidden import Bucket, Window

RATE, FAST_RATE = 8, 20
"""Requests a second that the providers with a bucket serve, and the fast one of them."""
MINUTE = 300
"""Requests in any minute that the provider with a window serves."""

CONCURRENCY = 16
"""The most requests at a time."""

TENANTS = {"flood": 24, "b": 6, "c": 6, "d": 6, "e": 6}
"""Whose calls -> how many at a time, each followed by the next: more than any of the limits."""


@frozen
class Case:
    """One provider and one client.

    Attributes:
        limit: makes the hidden limit, of the seconds that the run takes.
        allowed: how many requests it serves in so many seconds, at most.
        rate: what it serves a second, at a second of the run; for the picture.
        retry_after: whether a refusal says when to come back.
        limiter: whether the client has one; without it, its retries are all it has.
    """

    title: str
    limit: Callable[[float], Bucket | Window]
    allowed: Callable[[float], float]
    rate: Callable[[float, float], float]
    retry_after: bool
    limiter: bool = True


def _bucket(seconds: float) -> Bucket:
    return Bucket(lambda now: RATE)


def _fast(seconds: float) -> Bucket:
    return Bucket(lambda now: FAST_RATE)


def _halved(seconds: float) -> Bucket:
    return Bucket(lambda now: _halving(now, seconds))


def _halving(now: float, seconds: float) -> float:
    return RATE if now < seconds / 2 else RATE / 2


CASES = {
    "silent": Case(
        f"bucket, {RATE} a second, nothing told",
        _bucket,
        lambda seconds: RATE * (seconds + 1),
        lambda now, seconds: RATE,
        False,
    ),
    "fast": Case(
        f"bucket, {FAST_RATE} a second, nothing told",
        _fast,
        lambda seconds: FAST_RATE * (seconds + 1),
        lambda now, seconds: FAST_RATE,
        False,
    ),
    "told": Case(
        f"bucket, {RATE} a second, Retry-After",
        _bucket,
        lambda seconds: RATE * (seconds + 1),
        lambda now, seconds: RATE,
        True,
    ),
    "halved": Case(
        f"bucket, {RATE} a second, then {RATE // 2}, nothing told",
        _halved,
        lambda seconds: RATE * (0.75 * seconds + 1),
        _halving,
        False,
    ),
    "minute": Case(
        f"window, {MINUTE} in any minute, Retry-After",
        lambda seconds: Window(MINUTE),
        lambda seconds: MINUTE * seconds / 60,
        lambda now, seconds: MINUTE / 60,
        True,
    ),
    "retries": Case(
        f"bucket, {RATE} a second, nothing told; retries alone",
        _bucket,
        lambda seconds: RATE * (seconds + 1),
        lambda now, seconds: RATE,
        False,
        limiter=False,
    ),
}
