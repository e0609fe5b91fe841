"""Hedging: who is asked when, who wins, and what becomes of the other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import aiollm
from aiollm import Client, Hedge, Retry
from aiollm.middleware.hedge import quantile
from aiollm.testing import ProviderServer, embeddings, reply, role, stall, status, tokens
from tests.engine.calling import arguments, collected, text_of
from tests.engine.closing import assert_left_soon, now

ALWAYS = Hedge(after=0.05, max_extra=1.0)


async def test_a_late_first_loses_to_the_second_and_is_closed_at_once() -> None:
    async with ProviderServer() as server:
        server.enqueue([role(), stall(30)], reply("quick"))
        stream = await Client(hedge=ALWAYS).acompletion(**arguments(server, stream=True))
        won = now()
        assert_left_soon(await server.wait_for_disconnect(0), won)
        chunks, error = await collected(stream)
        assert (text_of(chunks), error) == ("quick", None)
        assert [(attempt.cause, attempt.ended) for attempt in stream.attempts] == [
            ("first", "closed"),
            ("hedge", "complete"),
        ]


async def test_the_first_may_still_win() -> None:
    async with ProviderServer() as server:
        server.enqueue([stall(0.3), reply("late")], [role(), stall(30)])
        stream = await Client(hedge=ALWAYS).acompletion(**arguments(server, stream=True))
        await server.wait_for_disconnect(1)
        assert text_of((await collected(stream))[0]) == "late"
        assert [attempt.ended for attempt in stream.attempts] == ["complete", "closed"]


async def test_nobody_else_is_asked_while_the_first_is_in_time() -> None:
    async with ProviderServer() as server:
        await Client(hedge=Hedge(after=10, max_extra=1.0)).acompletion(**arguments(server))
        assert len(server.log) == 1


async def test_the_second_is_waited_for_when_the_first_fails() -> None:
    async with ProviderServer() as server:
        server.enqueue([stall(0.2), status(500)], [stall(0.3), reply("second")])
        stream = await Client(hedge=ALWAYS).acompletion(**arguments(server, stream=True))
        assert text_of((await collected(stream))[0]) == "second"
        assert [attempt.ended for attempt in stream.attempts] == ["failed", "complete"]


async def test_the_error_of_the_first_is_raised_when_both_fail() -> None:
    async with ProviderServer() as server:
        server.enqueue([stall(0.2), status(500)], status(401))
        with pytest.raises(aiollm.InternalServerError) as caught:
            await Client(hedge=ALWAYS, retry=Retry(retries=0)).acompletion(**arguments(server))
        assert len(caught.value.attempts) == 2


async def test_a_failed_pair_is_one_failed_attempt_for_retry() -> None:
    async with ProviderServer() as server:
        server.reply("third")
        server.enqueue([stall(0.2), status(500)], status(500))
        client = Client(hedge=ALWAYS)
        response = await client.acompletion(**arguments(server, num_retries=1))
        assert response.choices[0].message.content == "third"


async def test_cancelling_closes_both() -> None:
    async with ProviderServer() as server:
        server.script([role(), stall(30)])
        call = asyncio.ensure_future(Client(hedge=ALWAYS).acompletion(**arguments(server, stream=True)))
        await server.wait_for_request(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        for number in range(2):
            await server.wait_for_disconnect(number)


async def test_only_a_share_of_the_calls_is_hedged() -> None:
    async with ProviderServer() as server:
        server.script([stall(0.1), reply("a")])
        client = Client(hedge=Hedge(after=0.01, max_extra=0.25))
        for _ in range(8):
            await collected(await client.acompletion(**arguments(server, stream=True)))
        assert len(server.log) == 8 + 2


async def test_a_quantile_needs_a_few_calls_first() -> None:
    waits = [0.1] * 19
    assert Hedge(after="p95").delay(waits) is None
    assert Hedge(after="p95").delay([*waits, 9.0]) == 0.1
    assert Hedge(after="p99").delay([*waits, 9.0]) == 9.0


def test_embeddings_are_hedged_too() -> None:
    with ProviderServer() as server:
        server.enqueue([stall(10), embeddings([1.0])], embeddings([2.0]))
        client = Client(hedge=ALWAYS)
        response = client.embedding("openai/small", "Hi", api_base=server.base_url, api_key="none")
        assert response.data[0].embedding == [2.0]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2), (0.75, 3), (0.76, 4), (1.0, 4), (0.01, 1)])
def test_a_quantile_is_a_value_that_was_seen(share: float, expected: int) -> None:
    assert quantile([3, 1, 4, 2], share) == expected


@pytest.mark.parametrize("after", [0, -1, "95", "p", "p950", None, True])
def test_a_wait_that_is_none_is_refused(after: Any) -> None:
    with pytest.raises(ValueError, match="after must be seconds"):
        Hedge(after=after)


@pytest.mark.parametrize("share", [0, -1, 1.5, "5%"])
def test_a_share_that_is_none_is_refused(share: Any) -> None:
    with pytest.raises(ValueError, match="max_extra must be a share"):
        Hedge(max_extra=share)


async def test_a_call_that_is_cancelled_while_the_loser_leaves_closes_the_winner_too() -> None:
    leaving = asyncio.Event()
    asked: list[str] = []

    async def token() -> str:
        asked.append("again")
        if len(asked) == 2:
            try:
                await asyncio.Event().wait()
            finally:
                leaving.set()
                await asyncio.sleep(0.01)
        return "token"

    async with ProviderServer() as server:
        server.script([stall(0.1), role(), tokens("a"), stall()])
        azure = {"model": "azure/scripted", "api_key": None, "azure_ad_token_provider": token, "api_version": "1"}
        call = asyncio.create_task(Client(hedge=ALWAYS).acompletion(**arguments(server, stream=True, **azure)))
        await leaving.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await server.wait_for_disconnect()
