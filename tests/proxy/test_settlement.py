"""Every call is settled once, however it ends: its places are given back, and its row is written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from aiollm.proxy.ledger import SpendRow
from aiollm.testing import ProviderServer, cut, json200, role, silence, stall, status, tokens
from tests.proxy.serving import MASTER, Proxy, config, running

KEY = "sk-of-a-caller"


async def settled(proxy: Proxy) -> SpendRow:
    """Return the only row, once no call goes on any more and nothing is reserved."""
    async with asyncio.timeout(5):
        await proxy.gateway.live.wait_empty()
    (row,) = await proxy.rows()
    return row  # type: ignore[no-any-return]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_is_booked_for_its_key(proxy: Proxy, stream: bool) -> None:
    holder = await proxy.add_key(KEY, team="red", parallel=1, budget=10**9, tags=("a",))
    async with proxy.chat(key=KEY, stream=stream, user="end-user", metadata={"note": 1}) as reply:
        await reply.read()
    row = await settled(proxy)
    assert (row.id, row.status, row.model, row.deployment) == (
        reply.headers["x-request-id"],
        "success",
        "fast",
        "first",
    )
    assert (row.key, row.team, row.end_user, row.tags) == (holder.name, "red", "end-user", ("a",))
    assert (row.usage_source, row.metadata, row.attempts, row.call) == ("provider", {"note": 1}, 1, "chat")
    assert row.cost > 0
    assert row.completion_tokens > 0
    assert proxy.gateway.admissions.spent(holder, row.started) == row.cost
    async with proxy.chat(key=KEY) as again:  # the place was given back
        assert again.status == 200


async def test_a_refusal_of_the_provider_is_a_failure_and_free(proxy: Proxy) -> None:
    proxy.provider.script(status(503))
    async with proxy.chat() as reply:
        assert reply.status == 503
    row = await settled(proxy)
    assert (row.status, row.code, row.cost, row.usage_source) == ("failure", "upstream_unavailable", 0, "none")


async def test_an_answer_that_is_cut_is_truncated_and_estimated(proxy: Proxy) -> None:
    proxy.provider.script([role(), tokens("half of an answer"), cut()])
    async with proxy.chat(stream=True) as reply:
        await reply.read()
    row = await settled(proxy)
    assert (row.status, row.code, row.usage_source) == ("truncated", "upstream_interrupted", "estimated")
    assert row.cost > 0


@pytest.mark.parametrize("script", [[silence()], [role(), tokens("first words"), stall(30)]], ids=["before", "after"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_caller_that_leaves_ends_the_request_of_the_provider(proxy: Proxy, stream: bool, script: Any) -> None:
    await proxy.add_key(KEY, parallel=1)
    proxy.provider.script(script)
    begun = asyncio.Event()
    task = asyncio.create_task(asked(proxy, stream, begun))
    await (begun.wait() if stream and len(script) > 1 else proxy.provider.wait_for_request())
    task.cancel()
    left = asyncio.get_running_loop().time()
    await proxy.provider.wait_for_disconnect()
    assert asyncio.get_running_loop().time() - left < 0.5  # 50 ms on a machine that is not busy
    row = await settled(proxy)
    assert (row.status, row.code) == ("cancelled", None)
    proxy.provider.reply("Hello!")
    async with proxy.chat(key=KEY) as again:
        assert again.status == 200


async def asked(proxy: Proxy, stream: bool, begun: asyncio.Event, key: str = KEY) -> None:
    """Ask, tell when something of the answer has come, and read it to its end."""
    async with proxy.chat(key=key, stream=stream) as reply:
        await reply.content.readany()
        begun.set()
        await reply.read()


async def test_a_key_that_is_at_its_limit_is_told_when_to_come_again_and_nothing_is_sent(proxy: Proxy) -> None:
    await proxy.add_key(KEY, rpm=1)
    async with proxy.chat(key=KEY) as reply:
        assert reply.status == 200
    async with proxy.chat(key=KEY) as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"]) == (429, "rate_limit_exceeded")
    assert 1 <= int(reply.headers["retry-after"]) <= 61
    assert len(proxy.provider.log) == 1


async def test_a_call_that_the_budget_does_not_cover_is_refused(proxy: Proxy) -> None:
    await proxy.add_key(KEY, budget=1)
    async with proxy.chat(key=KEY) as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"]) == (429, "budget_exceeded")
    assert proxy.provider.log == []


async def test_the_budget_of_the_proxy_holds_for_everybody(provider: ProviderServer, tmp_path: Path) -> None:
    settings = config(provider)
    budget = replace(settings.litellm, max_budget=1e-9, budget_exceeded_status_code=422)
    async with running(replace(settings, litellm=budget), provider, tmp_path) as proxy, proxy.chat() as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"]) == (422, "budget_exceeded")


async def test_the_proxy_answers_no_more_calls_at_once_than_it_may(provider: ProviderServer, tmp_path: Path) -> None:
    settings = config(provider, more="  global_max_parallel_requests: 1\n")
    provider.enqueue([role(), tokens("first words"), stall(30)])
    async with running(settings, provider, tmp_path) as proxy:
        begun = asyncio.Event()
        task = asyncio.create_task(asked(proxy, True, begun, key=MASTER))
        await begun.wait()
        async with proxy.chat() as reply:
            assert reply.status == 429
        task.cancel()
        await proxy.gateway.live.wait_empty()
        async with proxy.chat() as reply:
            assert reply.status == 200


async def test_a_whole_answer_goes_on_without_its_client_where_the_operator_wants_it(
    provider: ProviderServer, tmp_path: Path
) -> None:
    settings = config(provider, more="  cancel_on_disconnect: false\n  max_in_flight_requests_per_worker: 1\n")
    async with running(settings, provider, tmp_path) as proxy:
        provider.script([stall(0.3), json200()])
        task = asyncio.create_task(asked(proxy, False, asyncio.Event(), key=MASTER))
        await provider.wait_for_request()
        task.cancel()
        await asyncio.wait([task])
        async with proxy.chat() as reply:  # the place is not free before the end of the answer
            assert (reply.status, (await reply.json())["error"]["code"]) == (503, "gateway_overloaded")
        row = await settled(proxy)
        assert (row.status, row.usage_source) == ("success", "provider")
        async with proxy.chat() as reply:
            assert reply.status == 200


@pytest.mark.parametrize(("types", "asked_upstream"), [("[acompletion]", 1), ("[aembedding]", 2)])
async def test_only_the_kinds_of_calls_that_are_named_are_kept_in_the_cache(
    provider: ProviderServer, tmp_path: Path, types: str, asked_upstream: int
) -> None:
    settings = config(provider)
    kept = replace(settings.litellm.cache_params, supported_call_types=tuple(types.strip("[]").split()))
    async with running(
        replace(settings, litellm=replace(settings.litellm, cache=True, cache_params=kept)), provider, tmp_path
    ) as proxy:
        for _ in range(2):
            async with proxy.chat() as reply:
                assert reply.status == 200
    assert len(provider.log) == asked_upstream
