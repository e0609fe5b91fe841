"""Buckets that leak."""

import pytest

from aiollm.core.leaky_bucket import RequestBucket, TokenBucket


def filled(limit: float, amount: float) -> TokenBucket:
    bucket = TokenBucket(limit)
    assert bucket.wait(amount, limit, 0.0) == 0
    bucket.add(amount, 0.0)
    return bucket


def test_a_minutes_worth_fits_at_once_and_then_as_much_as_leaks():
    bucket = filled(600, 600)
    assert bucket.wait(1, 600, 0.0) == pytest.approx(0.1)
    assert bucket.wait(50, 600, 2.0) == pytest.approx(3.0)


def test_what_is_larger_than_the_bucket_waits_until_it_is_empty():
    bucket = filled(600, 30)
    assert bucket.wait(9_000, 600, 0.0) == pytest.approx(3.0)
    assert bucket.wait(9_000, 600, 3.0) == 0


def test_what_is_given_back_makes_room_and_what_came_on_top_takes_it():
    bucket = filled(600, 600)
    bucket.settle(100, 40, 0.0, 0.0)
    assert bucket.wait(60, 600, 0.0) == 0
    bucket.settle(100, 130, 0.0, 0.0)
    assert bucket.wait(60, 600, 0.0) == pytest.approx(3.0)


def test_a_lower_limit_leaks_more_slowly():
    bucket = filled(600, 600)
    assert bucket.wait(1, 60, 0.0) == pytest.approx(541.0)


def test_it_is_as_full_as_the_provider_says():
    bucket = filled(600, 100)
    bucket.observe(599, 0.0, 60.0)
    assert bucket.wait(2, 600, 0.0) == pytest.approx(0.1)


def request(bucket: RequestBucket, limit: float, now: float) -> float:
    wait = bucket.wait(1, limit, now)
    if wait == 0:
        bucket.add(1, now)
    return wait


def test_requests_burst_and_then_come_at_the_rate():
    bucket = RequestBucket(60)
    assert [request(bucket, 60, 0.0) for _ in range(60)] == [0.0] * 60
    assert request(bucket, 60, 0.0) == pytest.approx(1.0, abs=1e-6)
    assert request(bucket, 60, 0.25) == pytest.approx(0.75, abs=1e-6)
    assert request(bucket, 60, 1.0) == 0


def test_a_request_that_is_given_back_makes_room_for_another():
    bucket = RequestBucket(1)
    assert request(bucket, 1, 0.0) == 0
    bucket.settle(1, 0, 0.0, 1.0)
    assert request(bucket, 1, 1.0) == 0
    assert request(bucket, 1, 1.0) > 50


def test_under_a_lower_limit_each_request_takes_longer():
    bucket = RequestBucket(60)
    passed = sum(request(bucket, 30, second / 4) == 0 for second in range(4 * 600))
    assert passed == pytest.approx(30 + 300, abs=2)
