"""What a job has come to, so far or at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

from attrs import frozen

from aiollm.exceptions import RateLimitError
from aiollm.jobs.course import Course
from aiollm.jobs.result import Result
from aiollm.jobs.spread import Spread

__all__ = ["Reason", "Summary", "Tally"]

Reason = Literal["complete", "stopped", "closed", "budget", "error"]
"""Why a job ended: all is answered; it was told to stop; its reader left; the budget is spent; a request failed."""

_SHARES = (0.5, 0.95, 0.99)


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
        total: how many there are, where the source has a length; of a file, how many there seem to be by its size and
            what is read of it.
        prompt_tokens, completion_tokens: as counted by the providers.
        cost: USD, as far as it is known.
        unpriced: how many of the answers have no known cost.
        retries: attempts beyond the first of each request.
        throttled: attempts that were refused because of a limit.
        errors: name of the class -> how many have failed with it.
        elapsed: seconds since the job began.
        latency_p50, latency_p95, latency_p99: seconds that answers took, half of them no longer, 95 and 99 in 100; None
            before the first. They are right to 1 %.
        first_token_p50, first_token_p95, first_token_p99: the same of their first content.
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
    latency_p99: float | None
    first_token_p50: float | None
    first_token_p95: float | None
    first_token_p99: float | None

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
        return None if self.total is None or not new else max(0, self.total - self.ended) * self.elapsed / new

    def report(self) -> str:
        """Return some lines for the end of a job: what it has come to, and a table of how long answers took."""
        lines = [f"{self.reason or 'going on'}: {self._counts()}"]
        waits = {
            "first token": (self.first_token_p50, self.first_token_p95, self.first_token_p99),
            "answer": (self.latency_p50, self.latency_p95, self.latency_p99),
        }
        known = {name: [wait for wait in row if wait is not None] for name, row in waits.items()}
        rows = [f"{name:11}" + "".join(f"{wait:12.2f} s" for wait in row) for name, row in known.items() if row]
        if rows:
            lines.append(f"{'within':11}" + "".join(f"{share:>14}" for share in ("half", "95 in 100", "99 in 100")))
        return "\n".join([*lines, *rows])

    def __str__(self) -> str:
        text = self._counts()
        if self.latency_p50 is not None and self.latency_p95 is not None:
            text += f", each {self.latency_p50:.2f} s, 95 in 100 within {self.latency_p95:.2f} s"
        return text

    def _counts(self) -> str:
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
        return ", ".join(parts)


class Tally:
    """Counts what becomes of the requests of a job.

    Args:
        total: how many there are, as far as is known.

    Attributes:
        latency, first_token: how long answers took, and their first content.
        course: what ended when.
    """

    def __init__(self, total: Callable[[], int | None] = lambda: None) -> None:
        self.done: int = 0
        self.failed: int = 0
        self.from_store: int = 0
        self.skipped: int = 0
        self.unfinished: int = 0
        self.latency: Spread = Spread()
        self.first_token: Spread = Spread()
        self.course: Course = Course()
        self._total = total
        self._prompt_tokens = self._completion_tokens = self._unpriced = self._retries = self._throttled = 0
        self._cost = 0.0
        self._errors: Counter[str] = Counter()

    def add(self, result: Result, elapsed: float) -> None:
        """Count a request that has ended, so many seconds after the job began."""
        if result.from_store:
            self.from_store += 1
            return
        throttled = tokens = 0
        for attempt in result.attempts:
            throttled += isinstance(attempt.error, RateLimitError)
        if result.usage is not None:
            tokens = result.usage.completion_tokens or 0
            self._prompt_tokens += result.usage.prompt_tokens or 0
        self._cost += result.cost or 0.0
        self._retries += max(0, len(result.attempts) - 1)
        self._throttled += throttled
        self._completion_tokens += tokens
        self.course.add(elapsed, ok=result.ok, throttled=throttled, tokens=tokens)
        if result.error is not None:
            self.failed += 1
            self._errors[type(result.error).__name__] += 1
            return
        self.done += 1
        self._unpriced += result.cost is None
        self.latency.add(result.elapsed)
        if result.first_token is not None:
            self.first_token.add(result.first_token)

    def summary(self, reason: Reason | None, in_flight: int, elapsed: float) -> Summary:
        """Return what was counted so far."""
        latency_p50, latency_p95, latency_p99 = map(self.latency.quantile, _SHARES)
        first_token_p50, first_token_p95, first_token_p99 = map(self.first_token.quantile, _SHARES)
        return Summary(
            reason=reason,
            done=self.done,
            failed=self.failed,
            from_store=self.from_store,
            skipped=self.skipped,
            unfinished=self.unfinished,
            in_flight=in_flight,
            total=self._total(),
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
            cost=self._cost,
            unpriced=self._unpriced,
            retries=self._retries,
            throttled=self._throttled,
            errors=dict(self._errors),
            elapsed=elapsed,
            latency_p50=latency_p50,
            latency_p95=latency_p95,
            latency_p99=latency_p99,
            first_token_p50=first_token_p50,
            first_token_p95=first_token_p95,
            first_token_p99=first_token_p99,
        )
