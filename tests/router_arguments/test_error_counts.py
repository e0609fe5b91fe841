from __future__ import annotations

from typing import Any

import pytest

from aiollm import exceptions as errors
from aiollm.router_arguments.error_counts import (
    AllowedFailsPolicy,
    RetryPolicy,
    allowed_fails_by_class,
    retries_by_class,
)


@pytest.mark.parametrize(
    "given",
    [
        RetryPolicy(TimeoutErrorRetries=3, RateLimitErrorRetries=0),
        {"TimeoutErrorRetries": 3, "RateLimitErrorRetries": 0},
    ],
    ids=["object", "dict"],
)
def test_retries_are_told_by_class(given: Any) -> None:
    assert retries_by_class("retry_policy", given) == ({errors.Timeout: 3, errors.RateLimitError: 0}, None)


def test_all_other_classes_may_have_a_number_too() -> None:
    assert retries_by_class("retry_policy", {"DefaultRetries": 4}) == ({}, 4)
    assert retries_by_class("retry_policy", None) == ({}, None)


def test_allowed_failures_are_told_by_class() -> None:
    given = AllowedFailsPolicy(AuthenticationErrorAllowedFails=2)
    assert allowed_fails_by_class("allowed_fails_policy", given) == {errors.AuthenticationError: 2}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"RateLimitRetries": 1}, "retry_policy has no RateLimitRetries: did you mean RateLimitErrorRetries"),
        ({"xyz": 1}, "it has BadRequestErrorRetries"),
        ({"TimeoutErrorRetries": -1}, "TimeoutErrorRetries must be a whole number from 0; got -1"),
        (3, "must be a RetryPolicy or a dict like one; got a int"),
        (AllowedFailsPolicy(), "must be a RetryPolicy"),
    ],
)
def test_a_wrong_policy_is_told(given: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        retries_by_class("retry_policy", given)
