"""The limits of one process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import get_args

from aiollm.core.gate import Gate
from aiollm.core.local_quota import LocalQuota, Mode

__all__ = ["Limiter", "checked_limits"]


class Limiter(Gate):
    """Requests and tokens a minute, and requests at a time, for one key of a provider.

        limiter = aiollm.Limiter(rpm=500, tpm=200_000, concurrency=64)
        client = aiollm.Client(limiter=limiter)

    Or by hand:

        async with limiter.reserve(input_tokens=900, output_tokens=300, key="tenant-7") as permit:
            answer = await aiollm.acompletion(...)
            permit.settle(input_tokens=answer.usage.prompt_tokens, output_tokens=answer.usage.completion_tokens)

    A request passes when all limits have room for what it is estimated to take. Those that wait pass by priority;
    within a priority the keys take turns, so that nobody is starved; within a key they pass as they came, the large
    ones too. A request that is larger than a limit passes alone.

    Args:
        rpm: requests a minute. None, here and below, for any number.
        tpm: tokens a minute, those of prompts and answers together.
        itpm, otpm: tokens of prompts and of answers a minute, where the provider counts them apart.
        concurrency: requests at a time.
        adaptive: learn the provider's limits from the headers of its replies, as far as they make sense, and slow down
            when it refuses requests. What is configured is never exceeded.
        mode: "strict": no minute, wherever it begins, holds more than a limit allows, by the time at which requests
            pass. "bucket": a minute's worth may pass at once, and then as much as leaks, which is up to twice the limit
            in the worst minute; most providers count like that. Requests are then counted by aiolimiter.
        max_wait: how long a request may wait by default, in seconds; None for any time.
        weights: key -> its share in relation to others; 1 for those not named.

    It may be used by several event loops and threads at once; a forked process has a copy of its own.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        *,
        rpm: float | None = None,
        tpm: float | None = None,
        itpm: float | None = None,
        otpm: float | None = None,
        concurrency: int | None = None,
        adaptive: bool = True,
        mode: Mode = "strict",
        max_wait: float | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        limits = checked_limits(rpm=rpm, tpm=tpm, itpm=itpm, otpm=otpm, concurrency=concurrency)
        if mode not in get_args(Mode):
            raise ValueError(f'mode must be "strict" or "bucket"; got {mode!r}')
        quota = LocalQuota(
            requests=rpm,
            tokens=tpm,
            input_tokens=itpm,
            output_tokens=otpm,
            concurrency=concurrency,
            adaptive=adaptive,
            mode=mode,
        )
        super().__init__(quota, max_wait=max_wait, weights=weights)
        self._said = ", ".join(f"{name}={value:g}" for name, value in limits.items() if value is not None)

    def __repr__(self) -> str:
        return f"<Limiter {self._said or 'without limits'}, {self.stats().waiting} waiting>"


def checked_limits(**limits: float | None) -> dict[str, float | None]:
    """Return limits by their names.

    Raises:
        ValueError: one is no number, below 1, or endless.
    """
    for name, value in limits.items():
        if value is not None and not _is_limit(value):
            raise ValueError(f"{name} must be a number from 1, or None for no limit; got {value!r}")
    return limits


def _is_limit(value: object) -> bool:
    return isinstance(value, int | float) and 1 <= value < math.inf
