"""How a stream came: how fast, and where it stood still."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice
from operator import sub

import msgspec

__all__ = ["KEPT_ARRIVALS", "STALL_SECONDS", "Arrivals", "StreamStats"]

STALL_SECONDS = 1.0
"""A longer wait between content and content is a stall."""

KEPT_ARRIVALS = 512
"""How many times of arrival are kept before they are made gaps of."""

KEPT_GAPS = 1024
"""How many gaps are kept. Percentiles are exact as long as there are no more; then those of every second, fourth..."""


class StreamStats(msgspec.Struct, frozen=True):
    """How a stream came, so far. A gap is the time between two reads of the connection that brought content.

    Attributes:
        first_token: seconds from the start of the call to the first content, or None.
        gap_p50, gap_p90, gap_p99: seconds that half, nine tenths and 99 of 100 gaps took at most; of an even sample of
            512 to 1,024 where there were more. None without a gap, as in an answer that came whole.
        longest_gap: seconds of the longest, or None.
        stalls: how many gaps took longer than `STALL_SECONDS`.
        stalled: the seconds of these together.
        tokens_per_second: the tokens of the answer, as the provider counts them (reasoning included), for each second
            between the first content and the last. None where it has not told, or all came at once.
        chunks: how many chunks there were, read or not.
        bytes: how many bytes of the body were read.
        attempts: how many requests the call took.
        elapsed: seconds from the start of the call to its end, or until now.
    """

    first_token: float | None
    gap_p50: float | None
    gap_p90: float | None
    gap_p99: float | None
    longest_gap: float | None
    stalls: int
    stalled: float
    tokens_per_second: float | None
    chunks: int
    bytes: int
    attempts: int
    elapsed: float


class Arrivals:
    """When content came. Writing one down is an append; the rest is done for some hundred at a time, or when asked.

    Attributes:
        times: the latest, in the loop's time. Whoever appends calls `fold` at `KEPT_ARRIVALS`.
    """

    __slots__ = ("_every", "_gaps", "_longest", "_span", "_stalled", "_stalls", "times")

    def __init__(self) -> None:
        self.times: array[float] = array("d")
        self._gaps = array("d")
        self._every = 1  # which of the gaps are kept
        self._longest = self._span = self._stalled = 0.0
        self._stalls = 0

    def fold(self) -> None:
        """Make gaps of the times, and keep the last only. It takes some ten microseconds for all of them."""
        gaps = _gaps(self.times)
        self._span, self._longest, self._stalls, self._stalled = self._added_up(gaps)
        self._gaps.extend(gaps[:: self._every])
        if len(self._gaps) > KEPT_GAPS:
            self._gaps = self._gaps[::2]
            self._every *= 2
        del self.times[:-1]

    def _added_up(self, gaps: Sequence[float]) -> tuple[float, float, int, float]:
        """Return how long all gaps took, the longest, and how many were stalls, and how long these took."""
        longest = max(gaps, default=0.0)
        stalls = [gap for gap in gaps if gap > STALL_SECONDS] if longest > STALL_SECONDS else []
        return (
            self._span + math.fsum(gaps),
            max(self._longest, longest),
            self._stalls + len(stalls),
            self._stalled + math.fsum(stalls),
        )

    def stats(
        self,
        *,
        first_token: float | None,
        tokens: int | None,
        chunks: int,
        body_bytes: int,
        attempts: int,
        elapsed: float,
    ) -> StreamStats:
        """Return how the stream came, given what its account says."""
        gaps = _gaps(self.times[:])  # of a copy: a loop in another thread may go on
        span, longest, stalls, stalled = self._added_up(gaps)
        half, most, nearly_all = self._percentiles(gaps, (0.5, 0.9, 0.99))
        return StreamStats(
            first_token=first_token,
            gap_p50=half,
            gap_p90=most,
            gap_p99=nearly_all,
            longest_gap=None if half is None else longest,
            stalls=stalls,
            stalled=stalled,
            tokens_per_second=tokens / span if tokens and span else None,
            chunks=chunks,
            bytes=body_bytes,
            attempts=attempts,
            elapsed=elapsed,
        )

    def _percentiles(self, gaps: Sequence[float], shares: Iterable[float]) -> Sequence[float | None]:
        """Return what these shares of all gaps take at most, given those that are not kept yet."""
        kept = sorted([*self._gaps, *gaps[:: self._every]])
        return [kept[math.ceil(share * len(kept)) - 1] if kept else None for share in shares]


def _gaps(times: Sequence[float]) -> list[float]:
    return list(map(sub, islice(times, 1, None), times))
