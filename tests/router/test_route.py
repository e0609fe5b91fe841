"""Who is asked, over real sockets: order, tags, failing over, being left alone and tried again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import aiollm
from aiollm.testing import (
    LoggedRequest,
    Step,
    Steps,
    cut,
    done,
    empty200,
    error_event,
    finish,
    html200,
    reply,
    role,
    rst,
    silence,
    stall,
    status,
    tokens,
)
from tests.router.deployments import MESSAGES, ask, asked, entry, ledger, put_forward, servers


def answer(text: str, **pace: float) -> list[Step]:
    return [role(), tokens(text, **pace), finish(), done()]


FAULTS: dict[str, Steps] = {
    "500": status(500),
    "503 for long": status(503, retry_after=60),
    "429 for long": status(429, retry_after=60),
    "429": status(429),
    "401": status(401),
    "403": status(403),
    "404": status(404),
    "reset before the head": rst(),
    "a web page": html200(),
    "an empty body": empty200(),
    "an error in the stream, before the first content": [role(), error_event("overloaded")],
    "cut before the first content": [role(), cut()],
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_what_one_cannot_do_another_does_at_once(fault: Steps) -> None:
    async with servers(2) as (first, second):
        first.script(fault)
        second.reply("done")
        router = aiollm.Router([entry(first, "a", order=1), entry(second, "b", order=2)])
        async with asyncio.timeout(5):
            stream = await ask(router)
        assert ledger(stream.attempts) == [("a", "first", "failed"), ("b", "retry", "complete")]
        assert stream.model == "b"
        assert (len(first.log), len(second.log)) == (1, 1)
        assert second.log[0].headers["authorization"] == "Bearer sk-b"
        assert second.log[0].json["model"] == "b"


async def test_nobody_there_is_no_deployment() -> None:
    async with servers(2) as (gone, there):
        entries = [entry(gone, "a", order=1), entry(there, "b", order=2)]
        await gone._stop()
        router = aiollm.Router(entries)
        assert ledger((await ask(router)).attempts) == [("a", "first", "failed"), ("b", "retry", "complete")]
        assert asked(await ask(router)) == "b"
        assert router.stats()["a"].cause == "ConnectError"


async def test_a_deployment_that_is_silent_is_left_after_its_own_timeout() -> None:
    async with servers(2) as (silent, quick):
        silent.script(silence())
        router = aiollm.Router([entry(silent, "a", order=1, timeout=0.5), entry(quick, "b", order=2)])
        stream = await ask(router)
        assert ledger(stream.attempts) == [("a", "first", "failed"), ("b", "retry", "complete")]
        assert isinstance(stream.attempts[0].error, aiollm.FirstTokenTimeout)
        assert (await router.acompletion("g", MESSAGES)).model == "b"
        await silent.wait_for_disconnect(0)
        assert (len(silent.log), len(quick.log)) == (2, 2)


async def test_a_timeout_of_the_call_goes_before_those_of_deployments() -> None:
    async with servers(1) as (slow,):
        slow.script([stall(1.0), *answer("late")])
        router = aiollm.Router([entry(slow, "a", timeout=0.5, num_retries=0)], timeout=0.5)
        with pytest.raises(aiollm.FirstTokenTimeout):
            await ask(router)
        assert (await ask(router, timeout=30)).attempts[0].ended == "complete"


async def test_a_caller_without_patience_does_not_have_a_deployment_left_alone() -> None:
    async with servers(2) as (first, second):
        router = aiollm.Router([entry(first, "a"), entry(second, "b")], allowed_fails=0, num_retries=0)
        for server in (first, second):  # so long that who gives up at once, on a busy machine, is still early
            server.script([stall(0.1), reply("slowly")])
        while not (first.log and second.log):
            await router.acompletion("g", MESSAGES)
        first.script(stall())
        second.script(stall())
        for _ in range(4):
            with pytest.raises(aiollm.Timeout):
                await router.acompletion("g", MESSAGES, timeout=0.0001)
        assert [seen.left_alone for seen in router.stats().values()] == [0, 0]


async def test_a_scope_around_the_call_tightens_the_clocks_of_deployments() -> None:
    async with servers(1) as (silent,):
        silent.script(silence())
        router = aiollm.Router([entry(silent, "a", timeout=30, num_retries=0)])
        with aiollm.move_on(first_token=0.1) as scope:
            await ask(router)
        assert isinstance(scope.error, aiollm.FirstTokenTimeout)
        with aiollm.move_on() as cancelled:
            call = asyncio.create_task(ask(router))
            await silent.wait_for_request(1)
            cancelled.cancel()
            await call
        assert isinstance(cancelled.error, aiollm.StreamCancelled)


async def test_the_routers_timeout_is_that_of_each_attempt() -> None:
    async with servers(3) as (first, second, third):
        for silent in (first, second):
            silent.script(silence())
        router = aiollm.Router(
            [
                entry(server, id, order=n)
                for n, (server, id) in enumerate(zip((first, second, third), "abc", strict=True))
            ],
            timeout=0.5,
        )
        answer = await router.acompletion("g", MESSAGES)
        assert answer.choices[0].message.content
        assert len(third.log) == 1


async def test_weights_of_nothing_are_for_emergencies() -> None:
    async with servers(2) as (first, second):
        router = aiollm.Router([entry(first, "a", weight=0), entry(second, "b", weight=1)])
        assert {asked(await ask(router)) for _ in range(8)} == {"b"}
        second.script(status(500))
        assert asked(await ask(router)) == "a"


async def test_tags_of_a_call_choose() -> None:
    async with servers(1) as (server,):
        entries = [entry(server, "paid", tags=["paid"]), entry(server, "free", tags=["free", "default"])]
        router = aiollm.Router(entries, enable_tag_filtering=True)
        assert asked(await ask(router, tags=["paid"])) == "paid"
        assert asked(await ask(router, metadata={"tags": ["free"]})) == "free"
        assert asked(await ask(router)) == "free"
        assert [request.json.keys() & {"tags", "metadata"} for request in server.log] == [set()] * 3


async def test_one_that_is_left_alone_is_tried_by_one_call_when_its_time_is_over() -> None:
    async with servers(2) as (first, second):
        first.enqueue(status(401))
        router = aiollm.Router([entry(first, "a", order=1), entry(second, "b", order=2)], cooldown_time=10)
        assert asked(await ask(router)) == "b"
        assert {asked(await ask(router)) for _ in range(3)} == {"b"}
        assert 9 < router.stats()["a"].left_alone <= 10
        put_forward(10)
        first.enqueue([stall(0.2), *answer("well again")])
        trial = asyncio.create_task(ask(router))
        await first.wait_for_request(1)
        assert asked(await ask(router)) == "b", "the others do not wait for it"
        assert asked(await trial) == "a"
        assert asked(await ask(router)) == "a"


async def test_a_flapping_primary_does_not_take_every_request() -> None:
    async with servers(2) as (primary, backup):
        primary.script(status(503))
        router = aiollm.Router([entry(primary, "a", order=1), entry(backup, "b", order=2)], num_retries=1)
        for _ in range(60):
            assert asked(await ask(router)) == "b"
            put_forward(1)
        # Four failures, and then at 5, 15, 35 s and so on.
        assert len(primary.log) <= 8


async def test_a_404_or_a_400_never_leaves_a_deployment_alone() -> None:
    async with servers(2) as (first, second):
        router = aiollm.Router([entry(first, "a", order=1), entry(second, "b", order=2)], allowed_fails=0)
        first.script(status(404))
        for _ in range(5):
            assert ledger((await ask(router)).attempts) == [("a", "first", "failed"), ("b", "retry", "complete")]
        first.script(status(400))
        for _ in range(5):
            with pytest.raises(aiollm.BadRequestError):
                await ask(router)
        assert len(first.log) == 10


async def test_when_all_are_left_alone_nothing_is_sent() -> None:
    async with servers(2) as (first, second):
        for server in (first, second):
            server.script(status(429, retry_after=200))
        router = aiollm.Router([entry(first, "a"), entry(second, "b")])
        with pytest.raises(aiollm.RateLimitError):
            await ask(router)
        for stream in (True, False):
            with pytest.raises(aiollm.RateLimitError, match=r"'g' are left alone.*a for .*RateLimitError") as caught:
                await router.acompletion("g", MESSAGES, stream=stream)
            assert caught.value.retry_after == pytest.approx(200, abs=5)
            assert caught.value.attempts == ()
        assert (len(first.log), len(second.log)) == (1, 1)


async def test_nobody_waits_for_deployments_that_are_left_alone() -> None:
    async with servers(2) as (first, second):
        entries = [entry(first, "a"), entry(second, "b")]
        for server in (first, second):
            await server._stop()
        router = aiollm.Router(entries, cooldown_time=100)
        async with asyncio.timeout(10):
            with pytest.raises(aiollm.ConnectError) as caught:  # what happened, not that nobody is left to ask
                await ask(router)
            assert [attempt.cause for attempt in caught.value.attempts] == ["first", "retry"]
            assert "not tried again: all deployments of 'g' are left alone" in caught.value.__notes__[0]
            assert caught.value.retry_after == pytest.approx(100, abs=5)
            with pytest.raises(aiollm.ServiceUnavailableError, match=r"'g' are left alone.*after ConnectError"):
                await ask(router)


async def test_an_answer_that_breaks_off_counts_against_its_deployment() -> None:
    async with servers(2) as (first, second):
        first.script([role(), tokens("so far"), cut()])
        router = aiollm.Router([entry(first, "a", order=1), entry(second, "b", order=2)], allowed_fails=1)
        for _ in range(2):
            with pytest.raises(aiollm.StreamInterrupted) as caught:
                await ask(router)
            assert caught.value.partial.choices[0].message.content == "so far"
        assert asked(await ask(router)) == "b"
        assert router.stats()["a"].failures == 2


async def test_leaving_a_stream_counts_it_out() -> None:
    async with servers(1) as (server,):
        server.script([role(), tokens("a b c", gap=5)])
        router = aiollm.Router([entry(server, "a")])
        stream = await router.acompletion("g", MESSAGES, stream=True)
        assert router.stats()["a"].in_flight == 1
        await stream.aclose()
        assert (router.stats()["a"].in_flight, router.stats()["a"].failures) == (0, 0)
        server.script(silence())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await ask(router)
        assert (router.stats()["a"].in_flight, router.stats()["a"].failures) == (0, 0)


async def test_calls_at_one_time_go_to_the_one_that_has_least_to_do() -> None:
    async with servers(3) as all_of_them:
        for server in all_of_them:
            server.script(answer("a b", gap=0.2))
        entries = [entry(server, id) for server, id in zip(all_of_them, "abc", strict=True)]
        router = aiollm.Router(entries, routing_strategy="least-busy")
        await asyncio.gather(*(ask(router) for _ in range(12)))
        assert [len(server.log) for server in all_of_them] == [4, 4, 4]
        assert [seen.in_flight for seen in router.stats().values()] == [0, 0, 0]


async def test_a_full_deployment_is_passed_over() -> None:
    async with servers(2) as (first, second):
        first.script(answer("a b", gap=0.3))
        router = aiollm.Router([entry(first, "a", order=1, max_parallel_requests=1), entry(second, "b", order=1)])
        streams = await asyncio.gather(*(ask(router) for _ in range(6)))
        assert sum(asked(stream) == "a" for stream in streams) <= 1


async def test_calls_of_a_session_go_to_one_deployment() -> None:
    async with servers(1) as (server,):
        entries = [entry(server, id) for id in "abcd"]
        router = aiollm.Router(entries, optional_pre_call_checks=["session_affinity"])
        for session in ("one", "two", "three"):
            assert len({asked(await ask(router, metadata={"session_id": session})) for _ in range(4)}) == 1


async def test_a_deployment_without_its_key_is_not_asked() -> None:
    async with servers(1) as (server,):
        without: dict[str, Any] = {"model_name": "g", "litellm_params": {"model": "groq/x", "order": 1}}
        router = aiollm.Router([without, entry(server, "b", order=2)])
        assert [asked(await ask(router)) for _ in range(2)] == ["b", "b"]
        with pytest.raises(aiollm.AuthenticationError, match="GROQ_API_KEY"):
            await ask(aiollm.Router([without]))
        router = aiollm.Router([without, entry(server, "c", "h")], fallbacks=[{"g": ["h"]}])
        assert asked(await ask(router)) == "c"


async def test_a_hedge_goes_to_another_deployment() -> None:
    async with servers(2) as (slow, quick):
        slow.script(silence())
        router = aiollm.Router(
            [entry(slow, "a", order=1), entry(quick, "b", order=2)], hedge=aiollm.Hedge(after=0.05, max_extra=1.0)
        )
        stream = await ask(router)
        assert ledger(stream.attempts) == [("a", "first", "closed"), ("b", "hedge", "complete")]
        assert router.stats()["a"].in_flight == 0


async def test_a_deployment_is_never_asked_for_more_than_it_may_take() -> None:
    async with servers(1) as (server,):
        open_at_once: list[int] = []

        def script(request: LoggedRequest) -> list[Step]:
            open_at_once.append(server.open_connections)
            return answer("a b", gap=0.05)

        server.script(script)
        router = aiollm.Router([entry(server, "a", max_parallel_requests=2)])
        await asyncio.gather(*(ask(router) for _ in range(6)))
        assert len(open_at_once) == 6
        assert max(open_at_once) <= 2


async def test_what_waits_for_limits_takes_the_time_of_the_call_and_does_not_speak_against_the_deployment() -> None:
    async with servers(1) as (server,):
        router = aiollm.Router([entry(server, "a", rpm=1)])
        await ask(router)
        with pytest.raises(aiollm.TotalTimeout, match="limits"):
            await router.acompletion("g", MESSAGES, timeout=0.1)
        assert len(server.log) == 1
        assert (router.stats()["a"].failures, router.stats()["a"].in_flight) == (0, 0)


async def test_who_leaves_while_it_waits_for_a_deployment_takes_nothing_of_the_routers_own_limits() -> None:
    async with servers(1) as (server,):
        limiter = aiollm.Limiter(rpm=100, tpm=100_000)
        router = aiollm.Router([entry(server, "a", rpm=1)], limiter=limiter)
        await ask(router)
        tokens = limiter.stats().tpm_now
        waiting = asyncio.create_task(ask(router))
        while limiter.stats().in_flight == 0:  # noqa: ASYNC110  # it tells nobody who passes
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        stats = limiter.stats()
        assert (stats.rpm_now, stats.tpm_now, stats.in_flight, len(server.log)) == (1, tokens, 0, 1)


async def test_requests_and_tokens_a_minute_send_calls_elsewhere() -> None:
    async with servers(2) as (first, second):
        entries = [entry(first, "a", order=1, rpm=2), entry(first, "b", order=1, tpm=10), entry(second, "c", order=1)]
        router = aiollm.Router(entries)
        found = [asked(await ask(router)) for _ in range(8)]
        assert found.count("a") <= 2
        assert found.count("b") <= 1
        put_forward(61)
        assert {asked(await ask(router)) for _ in range(12)} >= {"a", "c"}


async def test_a_prompt_goes_to_a_model_that_it_fits() -> None:
    async with servers(1) as (server,):
        small, large = entry(server, "small"), entry(server, "large", order=2)
        small["model_info"]["max_input_tokens"], large["model_info"]["max_input_tokens"] = 100, 1000
        small["litellm_params"]["order"] = 1
        fits_none = [{"role": "user", "content": "x" * 5000}]
        router = aiollm.Router(
            [small, large, entry(server, "huge", "long")],
            enable_pre_call_checks=True,
            context_window_fallbacks=[{"g": ["long"]}],
        )
        assert asked(await ask(router)) == "small"
        stream = await router.acompletion("g", [{"role": "user", "content": "x" * 1000}], stream=True)
        assert [chunk async for chunk in stream]
        assert asked(stream) == "large"
        assert (await router.acompletion("g", fits_none)).model == "huge"
        with pytest.raises(aiollm.ContextWindowExceededError, match="take 1000 at the most; nothing was sent"):
            await router.acompletion("g", fits_none, disable_fallbacks=True)
        assert len(server.log) == 3


async def test_an_answer_that_breaks_off_is_started_again_elsewhere_where_that_is_asked_for() -> None:
    async with servers(2) as (first, second):
        first.script([role(), tokens("so far"), cut()])
        second.reply("whole")
        router = aiollm.Router([entry(first, "a", order=1), entry(second, "b", order=2)], mid_stream="restart")
        stream = await router.acompletion("g", MESSAGES, stream=True)
        whole = aiollm.stream_chunk_builder([chunk async for chunk in stream])
        assert ledger(stream.attempts) == [("a", "first", "failed"), ("b", "restart", "complete")]
        assert whole is not None
        assert whole.choices[0].message.content == "whole"
