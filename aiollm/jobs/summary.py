"""What a job has come to, so far or at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from attrs import frozen

from aiollm.exceptions import RateLimitError
from aiollm.jobs.result import Result
from aiollm.jobs.spread import Spread

__all__ = ["Reason", "Summary", "Tally"]

Reason = Literal["complete", "stopped", "closed", "budget", "error"]
"""Why a job ended: all is answered; it was told to stop; its reader left; the budget is spent; a request failed."""


@frozen(kw_only=True)
class Summary:
    """A job at one moment. What an earlier run has answered counts in `from_store` alone.

    Attributes:
        reason: why it has ended; None while it goes on.
        done: how many requests were answered.
        failed: how many have ended with an error.
        from_store: how many an earlier run had answered.
        skipped: how many were read and not sent, for want of budget or because the job was stopped; another run with
            the same store asks them.
        unfinished: how many were cut off while they were asked.
        in_flight: how many are being asked, or wait for limits.
        total: how many there are, where the source has a length.
        prompt_tokens, completion_tokens: as counted by the providers.
        cost: USD, as far as it is known.
        unpriced: how many of the answers have no known cost.
        retries: attempts beyond the first of each request.
        throttled: attempts that were refused because of a limit.
        errors: name of the class -> how many have failed with it.
        elapsed: seconds since the job began.
        latency_p50, latency_p95: seconds that answers took, half of them no longer, and 95 in 100; None before the
            first. They are right to 1 %.
        first_token_p50, first_token_p95: the same of their first content.
    """

    reason: Reason | None
    done: int
    failed: int
    from_store: int
    skipped: int
    unfinished: int
    in_flight: int
    total: int | None
    prompt_tokens: int
    completion_tokens: int
    cost: float
    unpriced: int
    retries: int
    throttled: int
    errors: Mapping[str, int]
    elapsed: float
    latency_p50: float | None
    latency_p95: float | None
    first_token_p50: float | None
    first_token_p95: float | None

    @property
    def tokens_per_second(self) -> float:
        """Tokens of answers a second, since the job began."""
        return self.completion_tokens / self.elapsed if self.elapsed else 0.0

    @property
    def ended(self) -> int:
        """How many requests are answered or have failed, those of earlier runs among them."""
        return self.done + self.failed + self.from_store

    @property
    def seconds_left(self) -> float | None:
        """How long the rest may take at the pace so far; None where that cannot be told."""
        new = self.done + self.failed
        return None if self.total is None or not new else (self.total - self.ended) * self.elapsed / new

    def __str__(self) -> str:
        parts = [f"{self.done} done", f"{self.failed} failed"]
        counts = {"from an earlier run": self.from_store, "not sent": self.skipped, "cut off": self.unfinished}
        parts += [f"{count} {name}" for name, count in counts.items() if count]
        if self.errors:
            parts.append("(" + ", ".join(f"{count} {name}" for name, count in self.errors.items()) + ")")
        parts.append(f"{self.prompt_tokens:,} + {self.completion_tokens:,} tokens")
        parts.append(f"${self.cost:.4f}" + (f" and {self.unpriced} without a price" if self.unpriced else ""))
        if self.throttled:
            parts.append(f"{self.throttled} throttled")
        parts.append(f"{self.elapsed:.1f} s")
        if self.latency_p50 is not None and self.latency_p95 is not None:
            parts.append(f"each {self.latency_p50:.2f} s, 95 in 100 within {self.latency_p95:.2f} s")
        return ", ".join(parts)


class Tally:
    """Counts what becomes of the requests of a job."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.done = self.failed = self.from_store = self.skipped = self.unfinished = 0
        self._prompt_tokens = self._completion_tokens = self._unpriced = self._retries = self._throttled = 0
        self._cost = 0.0
        self._errors: Counter[str] = Counter()
        self._latency, self._first_token = Spread(), Spread()

    def add(self, result: Result) -> None:
        """Count a request that has ended."""
        if result.from_store:
            self.from_store += 1
            return
        self._cost += result.cost or 0.0
        self._retries += max(0, len(result.attempts) - 1)
        self._throttled += sum(isinstance(attempt.error, RateLimitError) for attempt in result.attempts)
        if result.usage is not None:
            self._prompt_tokens += result.usage.prompt_tokens or 0
            self._completion_tokens += result.usage.completion_tokens or 0
        if result.error is not None:
            self.failed += 1
            self._errors[type(result.error).__name__] += 1
            return
        self.done += 1
        self._unpriced += result.cost is None
        self._latency.add(result.elapsed)
        if result.first_token is not None:
            self._first_token.add(result.first_token)

    def summary(self, reason: Reason | None, in_flight: int, elapsed: float) -> Summary:
        """Return what was counted so far."""
        return Summary(
            reason=reason,
            done=self.done,
            failed=self.failed,
            from_store=self.from_store,
            skipped=self.skipped,
            unfinished=self.unfinished,
            in_flight=in_flight,
            total=self.total,
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
            cost=self._cost,
            unpriced=self._unpriced,
            retries=self._retries,
            throttled=self._throttled,
            errors=dict(self._errors),
            elapsed=elapsed,
            latency_p50=self._latency.quantile(0.5),
            latency_p95=self._latency.quantile(0.95),
            first_token_p50=self._first_token.quantile(0.5),
            first_token_p95=self._first_token.quantile(0.95),
        )
