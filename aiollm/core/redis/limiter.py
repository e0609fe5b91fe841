"""Limits shared by processes and machines: the public face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from aiollm.core.gate import Gate
from aiollm.core.limiter import checked_limits
from aiollm.core.redis.link import RedisLink, Server
from aiollm.core.redis.quota import OnFailure, RedisQuota, close

__all__ = ["RedisLimiter"]

CALL_SECONDS = 1.0
"""How long one visit at the server may take."""

_MEANWHILE = {
    "closed": "no request passes until it can",
    "open": "all requests pass until it can",
    "local": "each process keeps to its share of the limits until it can",
}


class RedisLimiter(Gate):
    """Limits that all processes share which use the same `name` on one Redis server.

        limiter = aiollm.RedisLimiter("redis://localhost:6379/0", name="openai", rpm=500, tpm=200_000, concurrency=64)
        client = aiollm.Client(limiter=limiter)

    It is used as `Limiter` is. No window of a minute ever exceeds the limits, whatever the processes do; each spends
    from a lease of a part of what is free, so that most requests wait for no server. The lease of a process that is
    gone counts as spent after two seconds, and its places of the concurrency are free after ten. Processes that wait
    get their turn in the order of their requests, and a pause that the provider asks one for holds for all.

    While the server cannot be reached, which `stats().degraded` tells and the log tells once, `on_failure` says what
    becomes of requests; it is tried again all the time, and no request waits longer than a second to find that out.
    A server that comes back without its memory is told by all processes what they have spent, for three seconds, before
    it grants anything; so does one that was started less than a minute ago.

    Args:
        server: a URL (`redis://`, `rediss://` or `unix://`), or a function that returns a client of redis-py's asyncio.
        name: of the limits on that server. They should say the same wherever the name is used.
        rpm: requests a minute, of all processes together. None, here and below, for any number.
        tpm: tokens a minute, those of prompts and answers together.
        itpm, otpm: tokens of prompts and of answers a minute, where the provider counts them apart.
        concurrency: requests at a time.
        adaptive: learn the limits that the headers of replies tell, and slow down when the provider refuses requests;
            each process does so by what it sees itself.
        on_failure: "closed": none pass, they raise `ServiceUnavailableError`; "open": all pass; "local": each process
            keeps to its part of the limits, an equal share for each process that took part last.
        max_wait: how long a request may wait by default, in seconds; None for any time.
        weights: key -> its share in relation to others; 1 for those not named.

    Raises:
        ImportError: redis-py is not installed (the extra `redis`).
        ValueError: a number is out of its range.
    """

    _quota: RedisQuota

    def __init__(
        self,
        server: Server,
        *,
        name: str,
        rpm: float | None = None,
        tpm: float | None = None,
        itpm: float | None = None,
        otpm: float | None = None,
        concurrency: int | None = None,
        adaptive: bool = True,
        on_failure: OnFailure = "closed",
        max_wait: float | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        if on_failure not in get_args(OnFailure):
            raise ValueError(f"on_failure must be 'closed', 'open' or 'local'; got {on_failure!r}")
        limits = checked_limits(rpm=rpm, tpm=tpm, itpm=itpm, otpm=otpm, concurrency=concurrency)
        link = RedisLink(server, seconds=CALL_SECONDS, meanwhile=_MEANWHILE[on_failure])
        super().__init__(
            RedisQuota(link, f"aiollm:limits:{{{name}}}", limits, adaptive=adaptive, on_failure=on_failure),
            max_wait=max_wait,
            weights=weights,
        )
        self._quota.listen(self._heard)
        said = ", ".join(f"{what}={limit:g}" for what, limit in limits.items() if limit is not None)
        self._said = f"{name!r} on {link.address}: {said or 'without limits'}"

    async def aclose(self) -> None:
        """Give back what the process holds, and close its connection. The end of the interpreter does the same."""
        await close(self._quota)

    def _pause(self, seconds: float, now: float) -> None:
        super()._pause(seconds, now)
        if seconds > 0:
            self._quota.pause(seconds)

    def __repr__(self) -> str:
        return f"<RedisLimiter {self._said}, {self.stats().waiting} waiting>"

    def _heard(self, pause: float) -> None:
        """A visit has ended: there may be more, or another process was asked for a pause."""
        with self._guard:
            super()._pause(pause, self._now())
        self.ask_again()
