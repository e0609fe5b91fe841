"""The public router: groups, their fallbacks and policies, and its methods."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer, Steps, embeddings, status
from tests.router.deployments import MESSAGES, ask, asked, entry, ledger, servers

TOO_LONG: Steps = status(
    400, body='{"error": {"message": "maximum context length is 10 tokens", "code": "context_length_exceeded"}}'
)
REFUSED: Steps = status(400, body='{"error": {"message": "filtered", "code": "content_filter"}}')


# Fallbacks


@pytest.mark.parametrize(
    ("fault", "settings", "answering"),
    [
        (status(401), {"fallbacks": [{"g": ["h"]}]}, "h"),
        (status(400), {"fallbacks": [{"*": ["h"]}]}, "h"),
        (status(500), {"default_fallbacks": ["h"]}, "h"),
        (TOO_LONG, {"fallbacks": [{"g": ["h"]}], "context_window_fallbacks": [{"g": ["long"]}]}, "long"),
        (TOO_LONG, {"fallbacks": [{"g": ["h"]}]}, "h"),
        (REFUSED, {"fallbacks": [{"g": ["h"]}], "content_policy_fallbacks": [{"g": ["long"]}]}, "long"),
    ],
)
async def test_another_group_stands_in(fault: Steps, settings: dict[str, Any], answering: str) -> None:
    async with servers(2) as (bad, good):
        bad.script(fault)
        entries = [entry(bad, "a"), entry(good, "b", "h"), entry(good, "c", "long")]
        router = aiollm.Router(entries, num_retries=0, **settings)
        stream = await ask(router)
        assert ledger(stream.attempts) == [
            ("a", "first", "failed"),
            ({"h": "b", "long": "c"}[answering], "fallback", "complete"),
        ]


async def test_nobody_stands_in_for_a_reason_whose_list_is_empty() -> None:
    async with servers(2) as (bad, good):
        bad.script(REFUSED)
        lists: dict[str, Any] = {"fallbacks": [{"g": ["h"]}], "content_policy_fallbacks": [{"g": []}]}
        with pytest.raises(aiollm.ContentPolicyViolationError):
            await ask(aiollm.Router([entry(bad, "a"), entry(good, "b", "h")], **lists))
        assert (len(bad.log), len(good.log)) == (1, 0)


async def test_those_that_stand_in_are_followed_by_those_that_stand_in_for_them() -> None:
    async with servers(2) as (bad, good):
        bad.script(status(500))
        entries = [entry(bad, "a"), entry(bad, "b", "h"), entry(good, "c", "i")]
        router = aiollm.Router(entries, num_retries=0, fallbacks=[{"g": ["h"]}, {"h": ["i"]}])
        assert [attempt.deployment for attempt in (await ask(router)).attempts] == ["a", "b", "c"]
        with pytest.raises(aiollm.InternalServerError) as caught:
            await ask(aiollm.Router(entries, num_retries=0, fallbacks=[{"g": ["h"]}, {"h": ["i"]}], max_fallbacks=1))
        assert [attempt.deployment for attempt in caught.value.attempts] == ["a", "b"]
        assert caught.value.model == "a"
        assert "the fallback h failed too" in "".join(caught.value.__notes__)


async def test_a_call_may_name_those_that_stand_in_or_none() -> None:
    async with servers(2) as (bad, good):
        bad.script(status(500))
        entries = [entry(bad, "a"), entry(good, "b", "h"), entry(good, "c", "i")]
        router = aiollm.Router(entries, num_retries=0, fallbacks=[{"g": ["h"]}])
        assert asked(await ask(router, fallbacks=["i"])) == "c"
        assert asked(await ask(router, fallbacks=[{"model": "i", "temperature": 0.5}])) == "c"
        assert good.log[-1].json["temperature"] == 0.5
        with pytest.raises(aiollm.InternalServerError):
            await ask(router, disable_fallbacks=True)
        with pytest.raises(aiollm.BadRequestError, match="no model 'nobody'"):
            await ask(router, fallbacks=["nobody"])


@pytest.mark.parametrize(
    ("how", "answering"), [("fallbacks", "b"), ("context_fallbacks", "c"), ("content_policy_fallbacks", "b")]
)
async def test_a_group_fails_where_a_test_of_its_fallbacks_wants_it(how: str, answering: str) -> None:
    async with servers(1) as (good,):
        entries = [entry(good, "a"), entry(good, "b", "h"), entry(good, "c", "i")]
        lists: dict[str, Any] = {"fallbacks": [{"g": ["h"]}], "context_window_fallbacks": [{"g": ["i"]}]}
        router = aiollm.Router(entries, **lists)
        assert asked(await ask(router, **{f"mock_testing_{how}": True})) == answering
        assert asked(await ask(router, **{f"mock_testing_{how}": False})) == "a"
        assert len(good.log) == 2


async def test_a_group_that_asks_for_time_is_not_waited_for_where_another_stands_in() -> None:
    async with servers(2) as (busy, good):
        busy.script(status(429, retry_after=30))
        entries = [entry(busy, "a"), entry(busy, "b"), entry(good, "c", "h")]
        router = aiollm.Router(entries, fallbacks=[{"g": ["h"]}])
        async with asyncio.timeout(5):
            stream = await ask(router)
            assert [attempt.cause for attempt in stream.attempts] == ["first", "retry", "fallback"]
            assert ledger((await ask(router)).attempts) == [("c", "fallback", "complete")]
        assert len(busy.log) == 2


# Retries


@pytest.mark.parametrize(
    ("fault", "settings", "requests"),
    [
        (status(500), {}, 3),
        (status(500), {"num_retries": 1}, 2),
        (status(500), {"retry_policy": {"InternalServerErrorRetries": 0}}, 1),
        (status(429), {"retry_policy": aiollm.RetryPolicy(RateLimitErrorRetries=1)}, 2),
        (status(500), {"retry_policy": {"DefaultRetries": 0}}, 1),
        (status(400), {}, 1),
        (status(400), {"retry_policy": {"BadRequestErrorRetries": 2}}, 3),
        (status(500), {"model_group_retry_policy": {"g": {"InternalServerErrorRetries": 1}}}, 2),
        (status(500), {"model_group_retry_policy": {"h": {"InternalServerErrorRetries": 1}}}, 3),
    ],
)
async def test_retries_go_by_the_class_of_the_error_and_by_the_group(
    fault: Steps, settings: dict[str, Any], requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiollm.middleware.retry.FIRST_WAIT_SECONDS", 0.001)
    async with servers(1) as (server,):
        server.script(fault)
        with pytest.raises(aiollm.APIError):
            await ask(aiollm.Router([entry(server, "a")], **settings))
        assert len(server.log) == requests


async def test_deployments_may_say_how_often_and_calls_may_say_it_again() -> None:
    async with servers(1) as (server,):
        server.script(status(500))
        router = aiollm.Router([entry(server, "a", num_retries=0), entry(server, "b", num_retries=1)], num_retries=5)
        with pytest.raises(aiollm.InternalServerError):
            await ask(router)
        with pytest.raises(aiollm.InternalServerError):
            await ask(router, num_retries=0)
        assert len(server.log) == 3


# Names


async def test_a_pattern_stands_for_all_models_of_its_kind() -> None:
    async with servers(2) as (one, other):
        router = aiollm.Router(
            [entry(one, "a", "openai/*", model="openai/*"), entry(other, "b", "*", model="openai/any-*")],
            model_group_alias={"mine": "openai/mine-1", "hidden": {"model": "x", "hidden": True}},
        )
        for name in ("openai/gpt-4o", "mine", "llama"):
            await ask(router, name)
        assert [request.json["model"] for request in one.log] == ["gpt-4o", "mine-1"]
        assert [request.json["model"] for request in other.log] == ["any-llama"]
        assert router.get_model_names() == ["openai/*", "*", "mine"]


async def test_an_unknown_model_is_told_the_nearest_and_nothing_is_sent() -> None:
    async with servers(1) as (server,):
        router = aiollm.Router([entry(server, "a", "gpt-4o")])
        with pytest.raises(aiollm.BadRequestError, match=r"no model 'gpt-4'.*'gpt-4o'"):
            await ask(router, "gpt-4")
        with pytest.raises(aiollm.BadRequestError, match="model must be the name of a group"):
            await ask(router, None)  # type: ignore[arg-type]
        assert server.connections == 0


@pytest.mark.parametrize("option", ["api_key", "api_base", "base_url", "organization", "custom_llm_provider"])
async def test_where_a_call_goes_is_not_for_the_caller_to_say(option: str) -> None:
    async with servers(1) as (server,):
        with pytest.raises(aiollm.BadRequestError, match=f"{option} belongs to the deployments"):
            await ask(aiollm.Router([entry(server, "a")]), **{option: "x"})
        assert server.connections == 0


# Every API


async def test_defaults_of_a_deployment_are_under_the_callers_parameters() -> None:
    async with servers(1) as (server,):
        router = aiollm.Router([entry(server, "a", temperature=0.1, seed=7, extra_headers={"X-A": "1"})])
        await ask(router, temperature=0.9)
        router = aiollm.Router([entry(server, "a", stream_options={"include_usage": True})])
        stream = await router.acompletion("g", MESSAGES, stream=True)
        assert [chunk async for chunk in stream][-1].usage is not None
        assert server.log[0].json | {"temperature": 0.9, "seed": 7} == server.log[0].json
        assert server.log[0].headers["x-a"] == "1"


async def test_responses_and_embeddings_are_routed_too() -> None:
    async with servers(2) as (bad, good):
        bad.script(status(500))
        good.script(embeddings(), path="/v1/embeddings")
        router = aiollm.Router([entry(bad, "a", order=1), entry(good, "b", order=2)])
        assert len((await router.aembedding("g", ["x", "y"])).data) == 2
        assert (await router.aresponses("hello", "g")).model == "b"
        stream = await router.aresponses("hello", "g", stream=True)
        async for _ in stream:
            pass
        assert ledger(stream.attempts) == [("a", "first", "failed"), ("b", "retry", "complete")]
        assert [request.path for request in good.log] == ["/v1/embeddings", "/v1/responses", "/v1/responses"]
        assert [request.json["model"] for request in good.log] == ["b"] * 3


def test_blocking_code_has_it_too() -> None:
    with ProviderServer() as bad, ProviderServer() as good:
        bad.script(status(503))
        good.reply("done")
        router = aiollm.Router([entry(bad, "a", order=1), entry(good, "b", order=2)])
        assert router.completion("g", MESSAGES).choices[0].message.content == "done"
        stream = router.completion("g", MESSAGES, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "done"
        assert ledger(stream.attempts) == [("a", "first", "failed"), ("b", "retry", "complete")]


async def test_several_event_loops_share_what_is_known() -> None:
    async with servers(2) as (bad, good):
        bad.script(status(401))
        router = aiollm.Router([entry(bad, "a", order=1), entry(good, "b", order=2)], cooldown_time=600)
        await ask(router)
        found = await asyncio.to_thread(asyncio.run, ask(router))
        assert asked(found) == "b"
        assert len(bad.log) == 1


async def test_a_made_up_answer_needs_no_deployment() -> None:
    router = aiollm.Router(
        [
            {"model_name": "g", "litellm_params": {"model": "groq/x"}},
            {"model_name": "h", "litellm_params": {"model": "groq/x", "mock_response": "made up too"}},
        ]
    )
    made_up = await router.acompletion("g", MESSAGES, mock_response="made up")
    assert made_up.choices[0].message.content == "made up"
    assert (await router.acompletion("h", MESSAGES)).choices[0].message.content == "made up too"


# Its methods


async def test_deployments_come_and_go() -> None:
    async with servers(2) as (one, other):
        router = aiollm.Router([entry(one, "a")])
        assert router.add_deployment(entry(other, "b", "h")) == "b"
        assert asked(await ask(router, "h")) == "b"
        assert router.upsert_deployment(entry(other, "a")) == "a"
        await ask(router)
        assert (len(one.log), len(other.log)) == (0, 2)
        deleted = router.delete_deployment("b")
        assert deleted is not None
        assert deleted["model_name"] == "h"
        assert router.delete_deployment("b") is None
        assert router.get_model_names() == ["g"]
        router.set_model_list([entry(one, "c", "i")])
        assert [each["model_info"]["id"] for each in router.get_model_list()] == ["c"]
        with pytest.raises(ValueError, match="x"):
            router.set_model_list([entry(one, "d"), {"model_name": "x"}])
        assert router.get_model_names() == ["i"]
        with pytest.raises(ValueError, match="'c'"):
            router.add_deployment(entry(one, "c"))


async def test_what_there_is_is_told_without_keys() -> None:
    async with servers(1) as (server,):
        router = aiollm.Router([entry(server, "a", rpm=5), entry(server, "b", rpm=7), entry(server, "c", "h")])
        assert [each["model_info"]["id"] for each in router.get_model_list("g")] == ["a", "b"]
        assert router.get_model_list("nobody") == []
        info = router.get_model_group_info("g")
        assert info is not None
        assert (info.providers, info.rpm) == (("openai",), 12)
        assert router.get_model_group_info("nobody") is None
        assert router.get_available_deployment("h")["litellm_params"]["model"] == "openai/c"
        assert server.connections == 0
        await ask(router, "h")
        stats = router.stats()["c"]
        assert (stats.group, stats.requests, stats.successes, stats.failures) == ("h", 1, 1, 0)
        assert stats.first_token is not None
        assert "sk-" not in f"{router.get_model_list()} {router.stats()} {info}"


async def test_an_error_of_a_call_shows_no_key() -> None:
    async with servers(1) as (server,):
        server.script(status(401))
        router = aiollm.Router([entry(server, "canary", num_retries=0)])
        with pytest.raises(aiollm.AuthenticationError) as caught:
            await ask(router)
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert "sk-canary" not in "".join(shown.format())
