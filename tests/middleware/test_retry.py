"""Trying again: what is tried again, when, and how often."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

import aiollm
from aiollm import APIError, Retry, RetryBudget
from aiollm.middleware.retry import wait_before_retry
from aiollm.testing import ProviderServer, cut, role, rst, stall, status, tokens
from tests.engine.calling import arguments, collected, text_of

PATIENT = aiollm.Client(retry=Retry(budget=None))  # the package's own budget is shared with other tests


def failing(cls: type[APIError], **facts: Any) -> APIError:
    return cls("it failed", **facts)


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (failing(aiollm.RateLimitError), 0.25),
        (failing(aiollm.RateLimitError, retry_after=7.0), 7.0),
        (failing(aiollm.RateLimitError, retry_after=0.0), 0.25),
        (failing(aiollm.RateLimitError, retry_after=120.0), 120.0),
        (failing(aiollm.RateLimitError, retry_after=121.0), None),
        (failing(aiollm.RateLimitError, retryable=False), None),  # the quota is used up
        (failing(aiollm.RateLimitError, retry_after=7.0, phase="request"), None),  # of a limiter, which has waited
        (failing(aiollm.ServiceUnavailableError, retry_after=7.0, phase="request"), None),  # of a router: left alone
        (failing(aiollm.InternalServerError), 0.25),
        (failing(aiollm.OverloadedError), 0.25),
        (failing(aiollm.Timeout, status_code=408, phase="headers"), 0.25),
        (failing(aiollm.BadRequestError), None),
        (failing(aiollm.BadRequestError, status_code=409, retryable=True), 0.25),
        (failing(aiollm.AuthenticationError), None),
        (failing(aiollm.NotFoundError), None),
        (failing(aiollm.ConnectError), 0.25),
        (failing(aiollm.DNSError), 0.25),
        (failing(aiollm.TLSError), None),
        (failing(aiollm.ConnectTimeout), 0.25),
        (failing(aiollm.FirstTokenTimeout, phase="first_token"), None),
        (failing(aiollm.FirstTokenTimeout, phase="headers"), None),
        (failing(aiollm.TotalTimeout), None),
        (failing(aiollm.StreamInterrupted, retryable=True), 0.25),
        (failing(aiollm.StreamInterrupted), None),
        (failing(aiollm.BadRequestError, headers={"x-should-retry": "true"}), 0.25),
        (failing(aiollm.InternalServerError, headers={"x-should-retry": "false"}), None),
    ],
    ids=repr,
)
def test_the_decision(error: APIError, wait: float | None) -> None:
    assert wait_before_retry(error, 1, Retry(), 0.5) == wait


def test_the_wait_is_drawn_below_a_bound_that_doubles() -> None:
    error = failing(aiollm.InternalServerError)
    bounds = [wait_before_retry(error, failed, Retry(), 1.0) for failed in range(1, 8)]
    assert bounds == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert wait_before_retry(error, 3, Retry(), 0.0) == 0.0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"retries": "3"}, "retries must be a whole number from 0; got '3'"),
        ({"retries": -1}, "retries must be a whole number from 0"),
        ({"shortest_wait": "1"}, "shortest_wait must be seconds from 0"),
        ({"by_class": {"RateLimitError": 3}}, "by_class must be numbers by error classes"),
        ({"by_class": {aiollm.RateLimitError: -1}}, "by_class must be numbers by error classes"),
    ],
)
def test_a_wrong_policy_is_told(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Retry(**wrong)


def test_a_late_first_token_is_tried_again_when_that_is_asked_for() -> None:
    error = failing(aiollm.FirstTokenTimeout, phase="first_token")
    assert wait_before_retry(error, 1, Retry(after_first_token_timeout=True), 0.5) == 0.25


@pytest.mark.parametrize(
    "cls", [aiollm.RateLimitError, aiollm.AuthenticationError, aiollm.NotFoundError, aiollm.FirstTokenTimeout]
)
def test_another_deployment_is_asked_at_once(cls: type[APIError]) -> None:
    assert wait_before_retry(failing(cls, retry_after=9.0), 1, Retry(), 0.5, elsewhere=True) == 0.0


def test_another_deployment_is_not_asked_what_is_wrong_everywhere() -> None:
    assert wait_before_retry(failing(aiollm.BadRequestError), 1, Retry(), 0.5, elsewhere=True) is None


def test_how_often_is_said_by_class_then_by_the_call_then_by_the_policy() -> None:
    retry = Retry(retries=1, by_class={aiollm.APIConnectionError: 4, aiollm.Timeout: 0})
    assert retry.allowed(failing(aiollm.ConnectError), 9) == 4
    assert retry.allowed(failing(aiollm.ConnectTimeout), 9) == 0
    assert retry.allowed(failing(aiollm.RateLimitError), 9) == 9
    assert retry.allowed(failing(aiollm.RateLimitError), None) == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_a_refusal_is_waited_out(stream: bool) -> None:
    async with ProviderServer() as server:
        server.reply("at last")
        server.enqueue(status(429, retry_after=0.01), status(503, retry_after=0.01))
        answer = await PATIENT.acompletion(**arguments(server, stream=stream, num_retries=2))
        if not stream:
            assert answer.choices[0].message.content == "at last"
            return
        chunks, error = await collected(answer)
        assert (text_of(chunks), error) == ("at last", None)
        told = [(attempt.number, attempt.cause, attempt.ended, attempt.provider) for attempt in answer.attempts]
        assert told == [
            (1, "first", "failed", "openai"),
            (2, "retry", "failed", "openai"),
            (3, "retry", "complete", "openai"),
        ]
        refused, unavailable, last = answer.attempts
        assert type(refused.error) is aiollm.RateLimitError
        assert type(unavailable.error) is aiollm.ServiceUnavailableError
        assert refused.error.__traceback__ is None
        assert 0 <= refused.started < refused.elapsed < unavailable.started < last.first_token <= last.elapsed


def test_the_blocking_face_tries_again_too() -> None:
    with ProviderServer() as server:
        server.reply("at last")
        server.enqueue(status(429, retry_after=0.01))
        stream = PATIENT.completion(**arguments(server, stream=True, num_retries=1))
        assert text_of(stream) == "at last"
        assert len(stream.attempts) == 2


async def test_the_last_error_is_raised_and_tells_of_all_attempts() -> None:
    async with ProviderServer() as server:
        server.enqueue(status(429, retry_after=0.01), status(500))
        with pytest.raises(aiollm.InternalServerError) as caught:
            await PATIENT.acompletion(**arguments(server, num_retries=1))
    assert caught.value.attempt == 2
    assert [type(attempt.error) for attempt in caught.value.attempts] == [
        aiollm.RateLimitError,
        aiollm.InternalServerError,
    ]


@pytest.mark.parametrize("steps", [[role(), rst()], [role(), cut()], [rst()]], ids=["role", "cut", "nothing"])
async def test_what_breaks_before_any_content_is_asked_again(steps: Any) -> None:
    async with ProviderServer() as server:
        server.reply("whole")
        server.enqueue(steps)
        client = aiollm.Client(retry=Retry(retries=1))
        stream = await client.acompletion(**arguments(server, stream=True, num_retries=None))
        assert text_of((await collected(stream))[0]) == "whole"
        assert len(server.log) == 2


async def test_nothing_is_asked_again_after_content() -> None:
    async with ProviderServer() as server:
        server.script([tokens("some"), rst()])
        stream = await PATIENT.acompletion(**arguments(server, stream=True, num_retries=3))
        chunks, error = await collected(stream)
        assert text_of(chunks) == "some"
        assert isinstance(error, aiollm.StreamInterrupted)
        assert error.attempts == stream.attempts
        assert [(attempt.ended, type(attempt.error)) for attempt in stream.attempts] == [("failed", type(error))]
        assert len(server.log) == 1


async def test_the_whole_call_has_one_deadline() -> None:
    """A wait that would outlast the call is not begun."""
    async with ProviderServer() as server:
        server.script(status(429, retry_after=30))
        with pytest.raises(aiollm.RateLimitError) as caught:
            await PATIENT.acompletion(**arguments(server, num_retries=5, timeout=10))
        assert caught.value.elapsed < 5
        assert len(server.log) == 1


async def test_a_scope_ends_the_wait() -> None:
    async with ProviderServer() as server:
        server.script(status(429, retry_after=100))
        with aiollm.scope() as around:
            call = asyncio.ensure_future(PATIENT.acompletion(**arguments(server, num_retries=1)))
            await server.wait_for_answer()
            around.cancel()
            with pytest.raises(aiollm.StreamCancelled):
                await call


async def test_a_made_up_error_is_not_made_up_again() -> None:
    with pytest.raises(aiollm.RateLimitError) as caught:
        await aiollm.acompletion(
            "openai/x", [{"role": "user", "content": "Hi"}], mock_response=aiollm.RateLimitError("no")
        )
    assert len(caught.value.attempts) == 1


async def test_a_closed_answer_is_a_closed_attempt() -> None:
    async with ProviderServer() as server:
        server.script([tokens("a b c"), stall(30)])
        stream = await PATIENT.acompletion(**arguments(server, stream=True))
        async for _ in stream:
            break
        (attempt,) = stream.attempts
        assert (attempt.ended, attempt.error) == ("closed", None)


async def test_an_outage_is_not_answered_with_many_times_the_load() -> None:
    budget = RetryBudget(share=0.1, reserve=2, seconds=1e9)
    client = aiollm.Client(retry=Retry(retries=3, budget=budget))
    async with ProviderServer() as server:
        server.script(status(500))
        for number in range(20):
            with pytest.raises(aiollm.InternalServerError) as caught:
                await client.acompletion(**arguments(server, num_retries=None))
            assert (number < 2) or any("retry budget is spent" in note for note in caught.value.__notes__)
        assert len(server.log) == 20 + 4  # the reserve, and a tenth of the calls


def test_the_budget_fills_again_with_time() -> None:
    budget = RetryBudget(share=0.0, reserve=2, seconds=10.0)
    assert [budget.take(0.0) for _ in range(3)] == [True, True, False]
    assert [budget.take(now) for now in (4.0, 5.0, 5.5, 10.0)] == [False, True, False, True]
    assert [budget.take(100.0) for _ in range(3)] == [True, True, False]


def test_a_budget_saves_up_so_many_and_no_more() -> None:
    budget = RetryBudget(share=1.0, reserve=0, most=2)
    for _ in range(5):
        budget.called()
    assert [budget.take(0.0) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("numbers", [(-0.1, 1, 1), (0.1, -1, 1), (0.1, 1, 0)])
def test_a_budget_of_less_than_nothing_is_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        RetryBudget(*numbers)


def test_waits_part() -> None:
    """Clients that failed together come back apart."""
    rng = random.Random(1)
    waits = {wait_before_retry(failing(aiollm.InternalServerError), 2, Retry(), rng.random()) for _ in range(100)}
    assert len(waits) == 100
    assert all(wait is not None and 0 <= wait <= 1.0 for wait in waits)
