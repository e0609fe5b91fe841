"""Each attempt waits for its room, and is booked with what it really took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm import Client, Limiter, LimiterStats
from aiollm.testing import (
    ProviderServer,
    cut,
    embeddings,
    error_event,
    headers,
    role,
    rst,
    stall,
    status,
    tokens,
    usage,
)
from aiollm.testing import finish as finished
from tests.engine.calling import arguments, collected

CACHED = {"total_tokens": 905, "prompt_tokens_details": {"cached_tokens": 800}}


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        running.reply("hello there")
        yield running


async def asked(server: ProviderServer, limiter: Limiter, **options: Any) -> Any:
    return await Client(limiter=limiter).acompletion(**arguments(server, **options))


async def failed(server: ProviderServer, limiter: Limiter, **options: Any) -> aiollm.APIError:
    with pytest.raises(aiollm.APIError) as caught:
        await asked(server, limiter, **options)
    return caught.value


def free(stats: LimiterStats) -> tuple[int, int]:
    return stats.in_flight, stats.waiting


async def queued(limiter: Limiter, number: int = 1) -> None:
    """Return when so many wait."""
    while limiter.stats().waiting < number:  # noqa: ASYNC110  # a limiter tells nobody who joins its queue
        await asyncio.sleep(0)


# -- accounts


async def test_a_whole_answer_is_booked_by_its_usage(server: ProviderServer) -> None:
    limiter = Limiter(tpm=1_000_000)
    response = await asked(server, limiter)
    stats = limiter.stats()
    assert (stats.rpm_now, stats.tpm_now) == (1, response.usage.total_tokens)
    assert free(stats) == (0, 0)


async def test_a_stream_holds_its_estimate_until_it_ends(server: ProviderServer) -> None:
    limiter = Limiter(tpm=1_000_000)
    server.script([role(), tokens("a b c"), finished(), usage(11, 22)])
    stream = await asked(server, limiter, stream=True, max_tokens=500, stream_options={"include_usage": True})
    assert limiter.stats().in_flight == 1
    assert limiter.stats().tpm_now > 500
    await collected(stream)
    assert limiter.stats().tpm_now == 33
    assert free(limiter.stats()) == (0, 0)


async def test_a_stream_without_usage_is_booked_by_its_chunks(server: ProviderServer) -> None:
    limiter = Limiter(otpm=1_000_000)
    server.script([role(), tokens("a b c"), finished()])
    stream = await asked(server, limiter, stream=True, max_tokens=500)
    estimate = limiter.stats().tpm_now
    await collected(stream)
    assert limiter.stats().tpm_now == pytest.approx(estimate - 500 + 4, abs=1)  # a chunk, or the role, more or less


async def test_what_was_read_from_a_cache_is_free_where_the_provider_says_so(server: ProviderServer) -> None:
    counted = {}
    for provider in ("openai", "groq"):
        limiter = Limiter(tpm=1_000_000)
        server.reply("hi", usage={"prompt_tokens": 900, "completion_tokens": 5, **CACHED})
        await asked(server, limiter, model=f"{provider}/scripted")
        counted[provider] = limiter.stats().tpm_now
    assert counted == {"openai": 905, "groq": 105}


@pytest.mark.parametrize("ending", ["left", "cut"])
async def test_an_answer_that_breaks_off_is_booked_with_what_came(server: ProviderServer, ending: str) -> None:
    limiter = Limiter(tpm=1_000_000)
    server.script([tokens("a b c"), cut() if ending == "cut" else stall(30)])
    stream = await asked(server, limiter, stream=True, max_tokens=5_000)
    assert limiter.stats().tpm_now > 5_000
    async with stream:
        if ending == "cut":
            _, error = await collected(stream)
            assert isinstance(error, aiollm.StreamInterrupted)
        else:
            await anext(stream)
    assert 0 < limiter.stats().tpm_now < 100
    assert free(limiter.stats()) == (0, 0)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422, 429, 503])
async def test_what_is_refused_before_any_work_is_given_back(server: ProviderServer, code: int) -> None:
    limiter = Limiter(rpm=100, tpm=1_000_000)
    server.script(status(code))
    await failed(server, limiter)
    stats = limiter.stats()
    assert (stats.rpm_now, stats.tpm_now) == (0, 0)
    assert free(stats) == (0, 0)


async def test_what_reached_nobody_is_given_back(server: ProviderServer) -> None:
    limiter = Limiter(rpm=100)
    await failed(server, limiter, api_base="http://127.0.0.1:9")
    assert limiter.stats().rpm_now == 0


@pytest.mark.parametrize("script", [status(500), rst(), [role(), rst()]], ids=["500", "reset", "reset after the role"])
async def test_what_may_have_been_worked_on_stays_booked(server: ProviderServer, script: Any) -> None:
    limiter = Limiter(rpm=100, tpm=1_000_000)
    server.script(script)
    await failed(server, limiter, max_tokens=500)
    assert limiter.stats().rpm_now == 1
    assert limiter.stats().tpm_now > 500
    assert free(limiter.stats()) == (0, 0)


async def test_who_is_cancelled_before_any_answer_has_sent_a_prompt(server: ProviderServer) -> None:
    limiter = Limiter(tpm=1_000_000)
    server.script([stall(30)])
    task = asyncio.create_task(asked(server, limiter, max_tokens=500))
    await server.wait_for_request()
    task.cancel()
    await asyncio.wait({task})
    assert 0 < limiter.stats().tpm_now < 100
    assert free(limiter.stats()) == (0, 0)


async def test_embeddings_are_booked_without_an_answer(server: ProviderServer) -> None:
    limiter = Limiter(itpm=1_000, otpm=1)
    server.script(embeddings())
    client = Client(limiter=limiter)
    given = {"model": "openai/scripted", "api_base": server.base_url, "api_key": "sk-test"}
    await client.aembedding(input=["some text"], **given)
    assert limiter.stats().rpm_now == 1
    assert free(limiter.stats()) == (0, 0)


async def test_what_is_made_up_takes_nothing(server: ProviderServer) -> None:
    limiter = Limiter(rpm=1)
    for _ in range(3):
        await asked(server, limiter, mock_response="made up")
    assert limiter.stats().admitted == 0


# -- waiting


async def test_a_stream_holds_its_place_until_it_is_left(server: ProviderServer) -> None:
    limiter = Limiter(concurrency=2)
    server.script([role(), tokens("a b c"), stall(30)])
    first, second = [await asked(server, limiter, stream=True) for _ in range(2)]
    third = asyncio.create_task(asked(server, limiter, stream=True))
    await queued(limiter)
    assert len(server.log) == 2
    await first.aclose()
    for stream in (second, await third):
        await stream.aclose()
    assert free(limiter.stats()) == (0, 0)


async def test_a_call_that_cannot_wait_so_long_was_not_sent(server: ProviderServer) -> None:
    limiter = Limiter(concurrency=1, max_wait=0.05)
    held = await limiter.reserve()
    error = await failed(server, limiter, num_retries=2)
    assert isinstance(error, aiollm.RateLimitError)
    assert (error.retryable, error.llm_provider, error.model) == (True, "openai", "scripted")
    assert error.attempts == ()
    assert not server.log
    held.release()


async def test_the_calls_own_time_bounds_the_waiting(server: ProviderServer) -> None:
    limiter = Limiter(concurrency=1)
    held = await limiter.reserve()
    error = await failed(server, limiter, timeout=0.05)
    assert isinstance(error, aiollm.TotalTimeout)
    assert limiter.stats().waiting == 0
    assert not server.log
    held.release()


async def test_a_cancelled_scope_ends_the_waiting(server: ProviderServer) -> None:
    limiter = Limiter(concurrency=1)
    held = await limiter.reserve()
    with aiollm.scope() as scope:
        call = asyncio.create_task(asked(server, limiter))
        await queued(limiter)
        scope.cancel()
        with pytest.raises(aiollm.StreamCancelled):
            await call
    assert limiter.stats().waiting == 0
    held.release()


async def test_urgent_calls_go_first_and_whose_they_are_counts(server: ProviderServer) -> None:
    limiter = Limiter(concurrency=1)
    held = await limiter.reserve()
    calls = []
    for name, options in {
        "a1": {"fairness_key": "a"},
        "a2": {"fairness_key": "a"},
        "b1": {"fairness_key": "b"},
        "first": {"priority": 0},
        "last": {"priority": 9},
    }.items():
        calls.append(asyncio.create_task(asked(server, limiter, user=name, **options)))
        await queued(limiter, len(calls))
    held.release()
    await asyncio.gather(*calls)
    assert [request.json["user"] for request in server.log] == ["first", "a1", "b1", "a2", "last"]


def test_blocking_calls_are_under_the_same_limits() -> None:
    limiter = Limiter(rpm=1, max_wait=0.01)
    with ProviderServer() as server:
        server.reply("hello")
        client = Client(limiter=limiter)
        client.completion(**arguments(server))
        with pytest.raises(aiollm.RateLimitError, match="no room within the limits"):
            client.completion(**arguments(server))


# -- the provider's word


async def test_a_retry_after_holds_back_everybody(server: ProviderServer) -> None:
    limiter = Limiter()
    server.enqueue(status(429, retry_after=30))
    await failed(server, limiter)
    assert limiter.stats().paused == pytest.approx(30, abs=5)
    assert limiter.stats().throttled == 1
    error = await failed(server, limiter, timeout=0.05)
    assert isinstance(error, aiollm.TotalTimeout)
    assert len(server.log) == 1


async def test_nobody_slips_through_between_a_refusal_and_its_pause(server: ProviderServer) -> None:
    limiter = Limiter(rpm=1)
    server.enqueue([stall(0.1), status(429, retry_after=30)])
    refused = asyncio.create_task(failed(server, limiter))
    await server.wait_for_request(0)
    waiting = asyncio.create_task(failed(server, limiter, timeout=1.0))
    await queued(limiter)
    assert isinstance(await refused, aiollm.RateLimitError)
    assert isinstance(await waiting, aiollm.TotalTimeout)
    assert len(server.log) == 1


async def test_what_one_provider_asks_for_does_not_hold_up_another(server: ProviderServer) -> None:
    limiters = {"openai": Limiter(rpm=100), "groq": Limiter(rpm=100)}
    other = {"model": "groq/other", "api_base": server.base_url, "api_key": "sk-other"}
    server.enqueue(status(429, retry_after=100))
    answer = await Client(limiter=limiters).acompletion(**arguments(server, fallbacks=[other]))
    assert answer.choices[0].message.content == "hello there"
    assert limiters["openai"].stats().paused > 90
    assert (limiters["groq"].stats().paused, limiters["groq"].stats().admitted) == (0, 1)


def test_a_dict_of_what_are_no_limiters_is_refused() -> None:
    with pytest.raises(TypeError, match=r"limiter must be an object such as aiollm\.Limiter"):
        Client(limiter={"openai": 500})


async def test_an_overload_in_mid_answer_slows_down_too(server: ProviderServer) -> None:
    limiter = Limiter()
    server.script([tokens("a b c"), error_event("too much to do", code="overloaded_error")])
    _, error = await collected(await asked(server, limiter, stream=True))
    assert isinstance(error, aiollm.OverloadedError)
    assert limiter.stats().throttled == 1


async def test_a_used_up_quota_is_no_reason_to_slow_down(server: ProviderServer) -> None:
    limiter = Limiter()
    server.enqueue(status(429, body={"error": {"code": "insufficient_quota", "message": "pay first"}}))
    await failed(server, limiter)
    assert limiter.stats().throttled == 0
    assert limiter.stats().rpm is None


async def test_the_limits_of_the_headers_are_kept(server: ProviderServer) -> None:
    limiter = Limiter()
    fields = {"x-ratelimit-limit-requests": "7", "x-ratelimit-remaining-requests": "6"}
    server.script([headers(fields), role(), tokens("hi"), finished()])
    await collected(await asked(server, limiter, stream=True))
    assert limiter.stats().rpm == 7


async def test_after_a_refusal_it_tries_again_when_the_pause_is_over(server: ProviderServer) -> None:
    server.enqueue(status(429, retry_after=0.05))
    response = await asked(server, Limiter(), num_retries=1)
    assert response.choices[0].message.content == "hello there"
    assert len(server.log) == 2


async def test_estimates_are_learned(server: ProviderServer) -> None:
    limiter = Limiter()
    client = Client(limiter=limiter)
    for _ in range(30):
        await client.acompletion(**arguments(server, max_tokens=4_000))
    server.script([role(), tokens("hi"), stall(30)])
    before = limiter.stats().tpm_now
    async with await client.acompletion(**arguments(server, max_tokens=4_000, stream=True)):
        assert limiter.stats().tpm_now - before < 100


@pytest.mark.parametrize("options", [{"priority": -1}, {"priority": "high"}, {"fairness_key": 7}])
async def test_an_argument_that_makes_no_sense_is_refused(server: ProviderServer, options: dict[str, Any]) -> None:
    error = await failed(server, Limiter(), **options)
    assert isinstance(error, aiollm.BadRequestError)
    assert error.param == next(iter(options))
