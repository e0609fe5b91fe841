"""Workers that know nothing of each other keep, together, to the limits of a holder."""

from __future__ import annotations

import pytest

from aiollm.core.quota import Amounts
from aiollm.proxy.ledger import OwnLimits
from tests.proxy.ledger.rows import key

ONE = Amounts(1, 0)


@pytest.mark.parametrize(("limit", "workers"), [(20, 2), (7, 3), (2, 4)])
def test_the_shares_of_all_workers_are_the_whole_limit(limit: int, workers: int) -> None:
    passed = 0
    for number in range(workers):
        quota = OwnLimits(number, workers).of(key(rpm=limit))
        assert quota is not None
        passed += sum(not quota.take(ONE, 0.0) for _ in range(limit))
    assert passed == limit


def test_a_worker_whose_share_is_nothing_says_so_and_takes_nothing_back() -> None:
    quota = OwnLimits(1, 2).of(key(parallel=1))
    assert quota is not None
    assert quota.take(ONE, 0.0) == 60.0
    quota.settle(ONE, ONE, 0.0, 1.0)
    quota.release(1.0)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_holder_without_limits_has_nothing_to_keep(workers: int) -> None:
    assert OwnLimits(0, workers).of(key()) is None
