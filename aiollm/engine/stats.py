"""How a stream came: how fast, and where it stood still."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from attrs import frozen

__all__ = ["KEPT_ARRIVALS", "STALL_SECONDS", "Arrivals", "StreamStats"]

STALL_SECONDS = 1.0
"""A longer wait between content and content is a stall."""

KEPT_ARRIVALS = 512
"""How many times of arrival are kept as they are. Percentiles are exact as long as these are all there were."""

_STEP = math.log(1.05)  # the widths of the classes that further gaps are counted in: 5 %
_SHORTEST = 1e-6  # seconds


@frozen
class StreamStats:
    """How a stream came, so far. A gap is the time between two reads of the connection that brought content.

    Attributes:
        first_token: seconds from the start of the call to the first content, or None.
        gap_p50, gap_p90, gap_p99: seconds that half, nine tenths and 99 of 100 gaps took at most; within 5 % where
            there were more than `KEPT_ARRIVALS`. None without a gap, as in an answer that came whole.
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

    __slots__ = ("_classes", "_longest", "_span", "_stalled", "_stalls", "times")

    def __init__(self) -> None:
        self.times = array("d")
        self._classes: Counter[int] = Counter()
        self._longest = self._span = self._stalled = 0.0
        self._stalls = 0

    def fold(self) -> None:
        """Count the gaps between the times, and keep the last only."""
        gaps = _gaps(self.times)
        self._classes.update(map(_class_of, gaps))
        self._span, self._longest, self._stalls, self._stalled = self._added_up(gaps)
        del self.times[:-1]

    def _added_up(self, gaps: Sequence[float]) -> tuple[float, float, int, float]:
        """Return how long all gaps took, the longest, and how many were stalls, and how long these took."""
        stalls = [gap for gap in gaps if gap > STALL_SECONDS]
        return (
            self._span + math.fsum(gaps),
            max(self._longest, *gaps, 0.0),
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
        gaps = sorted(_gaps(self.times[:]))
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
        """Return what these shares of all gaps take at most, given those that are not counted yet, in order."""
        if self._classes:
            counts = self._classes + Counter(map(_class_of, gaps))
            gaps = [_SHORTEST * math.exp(kind * _STEP) for kind in sorted(counts.elements())]
        return [gaps[math.ceil(share * len(gaps)) - 1] if gaps else None for share in shares]


def _gaps(times: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


def _class_of(gap: float) -> int:
    return round(math.log(max(gap, _SHORTEST) / _SHORTEST) / _STEP)
