"""The requests and tokens that a holder may take: kept by a worker alone, of which each has a share."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from aiollm.core.local_quota import LocalQuota
from aiollm.core.quota import MINUTE, Amounts, share_of
from aiollm.proxy.keys.holder import Holder

__all__ = ["UNLIMITED", "AskedQuota", "HolderLimits", "HolderQuota", "OwnLimits"]

UNLIMITED = (None, None, None)
"""The limits of a holder that has none."""


class HolderQuota(Protocol):
    """The limits of one holder. None of these waits; times are those of a clock that never goes back, in seconds."""

    def take(self, amounts: Amounts, now: float) -> float | None:
        """Take the amounts and a place, or nothing.

        Returns:
            0 when they were taken; else in how many seconds there is room, `inf` where places are full; None where
            that has to be asked for elsewhere first, by an `AskedQuota`.

        Raises:
            Refusal: the limits cannot be kept at present.
        """
        ...

    def settle(self, held: Amounts, real: Amounts, taken_at: float, now: float) -> None:
        """Book `real` in the place of `held`, which was taken at a time."""
        ...

    def release(self, now: float) -> None:
        """Give back the place."""
        ...


@runtime_checkable
class AskedQuota(HolderQuota, Protocol):
    """The limits of one holder which others share, so that sometimes they have to be asked for."""

    async def take_when_told(self, amounts: Amounts) -> float:
        """Take what `take` could not, as soon as it is granted.

        Returns:
            0 when it was taken; else in how many seconds there is room, `inf` where all places are in use.

        Raises:
            Refusal: the limits cannot be kept at present.
        """
        ...


class HolderLimits(Protocol):
    """Where the limits of holders are kept."""

    def of(self, holder: Holder) -> HolderQuota | None:
        """Return what keeps the limits that a holder has now; None where it has none."""
        ...

    async def aclose(self) -> None:
        """Give back what this worker holds."""
        ...


class OwnLimits(msgspec.Struct, frozen=True):
    """Limits that are kept in a worker's memory.

    Several workers of one proxy know nothing of each other's calls: each keeps to its share, so that together they
    never let more in than a limit. Of a limit that is smaller than their number some of them have nothing.

    Args:
        number: which worker it is, from 0.
        workers: how many there are.
    """

    number: int = 0
    workers: int = 1

    def of(self, holder: Holder) -> HolderQuota | None:
        """Return what keeps this worker's share of a holder's limits."""
        if holder.limits == UNLIMITED:
            return None
        rpm, tpm, parallel = map(self._share, holder.limits)
        if 0 in (rpm, tpm, parallel):
            return _Nothing()
        return LocalQuota(
            requests=rpm,
            tokens=tpm,
            input_tokens=None,
            output_tokens=None,
            concurrency=parallel,
            adaptive=False,
            mode="strict",
        )

    async def aclose(self) -> None:
        """Nothing is held elsewhere."""

    def _share(self, limit: int | None) -> int | None:
        return None if limit is None else share_of(limit, self.number, self.workers)


class _Nothing:
    """No room, ever: the share of a worker that the limit is too small for."""

    def take(self, amounts: Amounts, now: float) -> float:
        return MINUTE

    def settle(self, held: Amounts, real: Amounts, taken_at: float, now: float) -> None: ...

    def release(self, now: float) -> None: ...
