from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiollm import exceptions as errors
from aiollm.exceptions import APIError
from aiollm.router.health import CooldownRules, Health

BLAMELESS = [
    errors.BadRequestError,
    errors.ContextWindowExceededError,
    errors.ContentPolicyViolationError,
    errors.UnsupportedParamsError,
    errors.UnprocessableEntityError,
    errors.NotFoundError,
    errors.ToolCallIncomplete,
]
AT_ONCE = [
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.RateLimitError,
    errors.ConnectError,
    errors.DNSError,
    errors.TLSError,
]
AFTER_SOME = [
    errors.InternalServerError,
    errors.BadGatewayError,
    errors.ServiceUnavailableError,
    errors.OverloadedError,
    errors.APIConnectionError,
    errors.FirstTokenTimeout,
    errors.IdleTimeout,
    errors.TotalTimeout,
    errors.InvalidChunk,
    errors.StreamInterrupted,
]


def fail(health: Health, error: APIError, now: float, *, alone: bool = False) -> None:
    health.started(now)
    health.failed(error, now, now, alone=alone)


def succeed(health: Health, now: float) -> None:
    health.started(now)
    health.answered(now, now)


def ill(rules: CooldownRules | None = None, error: APIError | None = None) -> Health:
    """One that is left alone from 0 on."""
    health = Health(rules or CooldownRules())
    fail(health, error or errors.RateLimitError(), 0.0)
    assert not health.fit(0.0)
    return health


def named(rows: list[type[APIError]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", rows, ids=lambda kind: kind.__name__)


@named(BLAMELESS)
def test_what_would_fail_anywhere_never_counts(kind: type[APIError]) -> None:
    health = Health(CooldownRules(allowed_fails=0))
    for now in range(50):
        fail(health, kind(), now)
    assert health.fit(50)


@named(AT_ONCE)
def test_what_stands_leaves_it_alone_at_once(kind: type[APIError]) -> None:
    health = ill(error=kind())
    assert health.cause is kind
    assert health.fit_in(1.0) == 4.0


@named(AFTER_SOME)
def test_what_may_pass_leaves_it_alone_when_it_repeats(kind: type[APIError]) -> None:
    health = Health(CooldownRules())
    fit = []
    for now in range(4):
        fail(health, kind(), now)
        fit.append(health.fit(now))
    assert fit == [True, True, True, False]


def test_failures_among_twice_as_many_successes_are_borne() -> None:
    health = Health(CooldownRules())
    for now in range(60):
        succeed(health, now)
        succeed(health, now)
        fail(health, errors.InternalServerError(), now)
    assert health.fit(60)


def test_failures_of_a_minute_ago_are_forgotten() -> None:
    health = Health(CooldownRules())
    for now in range(0, 200, 25):
        fail(health, errors.InternalServerError(), now)
    assert health.fit(200)


@pytest.mark.parametrize("kind", [errors.RateLimitError, errors.ServiceUnavailableError, errors.OverloadedError])
def test_it_is_left_alone_for_as_long_as_it_asks(kind: type[APIError]) -> None:
    assert ill(error=kind(retry_after=42.0)).fit_in(0.0) == 42.0


def test_it_cannot_ask_for_more_than_an_hour() -> None:
    assert ill(error=errors.RateLimitError(retry_after=1e9)).fit_in(0.0) == 3600.0


@named(AT_ONCE)
def test_the_only_one_is_asked_on(kind: type[APIError]) -> None:
    health = Health(CooldownRules())
    for now in range(19):
        fail(health, kind(retry_after=30.0), now, alone=True)
    assert health.fit(19)


def test_the_only_one_is_left_alone_when_nothing_succeeds_any_more() -> None:
    health = Health(CooldownRules())
    for now in range(20):
        fail(health, errors.ServiceUnavailableError(), now, alone=True)
    assert not health.fit(20)


def test_the_users_number_of_allowed_failures_holds() -> None:
    health = Health(CooldownRules(allowed_fails=1))
    fail(health, errors.InternalServerError(), 0.0)
    assert health.fit(0.0)
    fail(health, errors.RateLimitError(), 1.0)
    assert not health.fit(1.0)


def test_a_class_may_have_a_number_of_its_own() -> None:
    rules = CooldownRules(by_class={errors.Timeout: 1, errors.AuthenticationError: 2, errors.BadRequestError: 1})
    for kind, allowed in ((errors.IdleTimeout, 1), (errors.AuthenticationError, 2), (errors.BadRequestError, 1)):
        health = Health(rules)
        for now in range(allowed):
            fail(health, kind(), now)
        assert health.fit(allowed)
        fail(health, kind(), allowed)
        assert not health.fit(allowed)


def test_no_seconds_never_leave_it_alone() -> None:
    health = Health(CooldownRules(seconds=0.0))
    fail(health, errors.AuthenticationError(), 0.0)
    assert health.fit(0.0)


def test_one_call_tries_it_when_the_time_is_over_and_the_others_wait_for_that() -> None:
    health = ill()
    assert not health.fit(4.9)
    assert health.fit(5.0)
    health.started(5.0)
    assert not health.fit(5.0)
    health.answered(5.5, 5.0)
    assert health.fit(5.5)


def test_a_try_that_is_given_up_lets_another_try() -> None:
    health = ill()
    health.started(5.0)
    health.withdrawn(5.0)
    assert health.fit(5.0)
    assert health.until is not None


def test_a_try_that_is_refused_for_the_request_shows_that_it_is_there() -> None:
    health = ill()
    fail(health, errors.NotFoundError(), 5.0)
    assert health.until is None


def test_each_try_that_fails_leaves_it_alone_for_twice_as_long() -> None:
    health, now, waits = ill(), 0.0, []
    for _ in range(6):
        waits.append(health.fit_in(now))
        now += waits[-1]
        fail(health, errors.InternalServerError(), now)
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_one_that_fails_again_just_after_it_recovered_is_left_alone_for_twice_as_long() -> None:
    health = ill()
    succeed(health, 5.0)
    fail(health, errors.InternalServerError(), 6.0)
    assert health.fit_in(6.0) == 10.0
    succeed(health, 16.0)
    for now in (100.0, 101.0, 102.0):
        fail(health, errors.InternalServerError(), now)
    assert health.fit(102.0), "it was well for long enough"
    fail(health, errors.RateLimitError(), 103.0)
    assert health.fit_in(103.0) == 5.0


def test_attempts_from_before_say_nothing_new() -> None:
    health = Health(CooldownRules())
    for _ in range(10):
        health.started(0.0)
    health.failed(errors.RateLimitError(), 1.0, 0.0, alone=False)
    for _ in range(7):
        health.failed(errors.RateLimitError(), 4.0, 0.0, alone=False)
    health.answered(5.5, 0.0)
    assert health.fit_in(1.0) == 5.0, "neither longer nor over"
    succeed(health, 6.0)
    health.failed(errors.RateLimitError(), 7.0, 0.0, alone=False)
    assert health.fit(7.0)


KINDS = st.sampled_from([*BLAMELESS, *AT_ONCE, *AFTER_SOME])
EVENTS = st.lists(st.tuples(st.floats(0.0, 30.0), st.sampled_from(["answer", "withdraw", "fail"]), KINDS), max_size=80)


@given(EVENTS, st.booleans())
def test_whatever_happens_it_is_tried_again_within_a_minute(
    events: list[tuple[float, str, type[APIError]]], alone: bool
) -> None:
    health, now = Health(CooldownRules()), 0.0
    for gap, what, kind in events:
        now += gap
        if not health.fit(now):
            assert 0 < health.fit_in(now) <= 60.0
            continue
        health.started(now)
        if what == "answer":
            health.answered(now, now)
        elif what == "withdraw":
            health.withdrawn(now)
        else:
            health.failed(kind(), now, now, alone=alone)
    assert health.fit(now + 60.0)
