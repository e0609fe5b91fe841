"""Every call is settled once, however it ends: its places are given back, and its row is written."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiollm.proxy.ledger import SpendRow
from aiollm.testing import cut, role, silence, stall, status, tokens
from tests.proxy.serving import Proxy

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
    task = asyncio.ensure_future(asked(proxy, stream))
    await proxy.provider.wait_for_request()
    if stream and len(script) > 1:
        await started(proxy)
    task.cancel()
    left = asyncio.get_running_loop().time()
    await proxy.provider.wait_for_disconnect()
    assert asyncio.get_running_loop().time() - left < 0.5  # 50 ms on a machine that is not busy
    row = await settled(proxy)
    assert (row.status, row.code) == ("cancelled", None)
    proxy.provider.reply("Hello!")
    async with proxy.chat(key=KEY) as again:
        assert again.status == 200


async def asked(proxy: Proxy, stream: bool) -> None:
    async with proxy.chat(key=KEY, stream=stream) as reply:
        await reply.read()


async def started(proxy: Proxy) -> None:
    """Wait until something of the answer was sent."""
    async with asyncio.timeout(5):
        while not [call for call in proxy.gateway.live if call.chunks]:
            await asyncio.sleep(0.005)


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


async def test_the_budget_of_the_proxy_holds_for_everybody(proxy: Proxy) -> None:
    (gateway,) = [proxy.gateway]
    assert gateway.everybody == ()
    gateway.admissions.over_budget = 422
    await proxy.add_key(KEY, budget=1)
    async with proxy.chat(key=KEY) as reply:
        assert reply.status == 422
