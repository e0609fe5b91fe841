"""Identical calls at the same time: one is made, and each caller's own ending touches nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import getclosurevars
from typing import Any

import pytest

import aiollm
from aiollm import Cache, ChunkStream, Client, Outcome, StreamInterrupted, Timeouts
from aiollm.testing import (
    ProviderServer,
    cut,
    done,
    embeddings,
    finish,
    headers,
    role,
    rst,
    silence,
    stall,
    status,
    tokens,
)
from tests.cancel.stepping import cancelled_at
from tests.dialects.test_responses_stream import completed, message, text
from tests.engine.calling import KEY, arguments, collected, pool_facts, text_of
from tests.engine.closing import assert_closed_soon, now
from tests.test_responses_call import options, steps

ANSWER = [role(), tokens("so it is", gap=0.01), finish(), done()]
OPEN = [role(), tokens("so far"), stall(heartbeat=0.5)]
SO_FAR = 3  # chunks of it


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.script(ANSWER)
        yield server


@pytest.fixture
def client() -> Client:
    return Client(single_flight=True)


async def opened(client: Client, server: ProviderServer, **more: Any) -> ChunkStream:
    return await client.acompletion(**arguments(server, stream=True, **more))


async def several(client: Client, server: ProviderServer, count: int = 3, **more: Any) -> list[ChunkStream]:
    return await asyncio.gather(*(opened(client, server, **more) for _ in range(count)))


def nothing_flies(client: Client) -> bool:
    policy: Any = getclosurevars(client._stack.chat).nonlocals["pass_on"]  # type: ignore[arg-type]
    return not policy.__self__._flights


# -- what each gets


async def test_all_get_the_whole_answer_of_one_request(client: Client, server: ProviderServer) -> None:
    streams = await several(client, server)
    for chunks, error in await asyncio.gather(*map(collected, streams)):
        assert (text_of(chunks), error) == ("so it is", None)
        chunks[1].choices[0].delta.content = "spoilt"
    assert len(server.log) == 1
    assert {(stream.finish_reason, stream.closed, len(stream.attempts)) for stream in streams} == {("stop", True, 1)}
    assert streams[0].attempts[0].ended == "complete"
    assert pool_facts() == {**pool_facts(), "active": 0, "idle": 1}
    assert nothing_flies(client)


async def test_one_that_comes_later_gets_the_beginning_too(client: Client, server: ProviderServer) -> None:
    server.script(OPEN)
    first = await opened(client, server)
    for _ in range(SO_FAR):
        await anext(first)
    second = await opened(client, server)
    assert text_of([await anext(second) for _ in range(SO_FAR)]) == "so far"
    assert len(server.log) == 1
    await first.aclose()
    await second.aclose()


async def test_after_the_end_the_next_call_is_made(client: Client, server: ProviderServer) -> None:
    for _ in range(2):
        await collected(await opened(client, server))
    assert len(server.log) == 2


async def test_whole_answers_are_shared_as_copies(client: Client, server: ProviderServer) -> None:
    server.reply("so it is")
    given = arguments(server)
    answers = await asyncio.gather(*(client.acompletion(**given) for _ in range(3)))
    answers[0].choices[0].message.content = "spoilt"
    assert [answer.choices[0].message.content for answer in answers] == ["spoilt", "so it is", "so it is"]
    assert len(server.log) == 1


async def test_embeddings_are_shared_as_copies(client: Client, server: ProviderServer) -> None:
    server.script(embeddings([1.0]))
    given = {"model": "openai/m", "api_base": server.base_url, "api_key": KEY, "input": "a"}
    answers = await asyncio.gather(*(client.aembedding(**given) for _ in range(3)))
    assert len({id(answer.data[0]) for answer in answers}) == 3
    assert answers[0] == answers[1]
    assert len(server.log) == 1


async def test_events_of_responses_are_shared(client: Client, server: ProviderServer) -> None:
    server.script([*steps(text("Hel"), text("lo")), stall(0.05), *steps(completed(message("Hello")))[1:]])

    async def said() -> str:
        return "".join([event.delta or "" async for event in await client.aresponses(stream=True, **options(server))])

    assert await asyncio.gather(said(), said()) == ["Hello", "Hello"]
    assert len(server.log) == 1


async def test_threads_that_block_share_too(client: Client, server: ProviderServer) -> None:
    server.script([role(), tokens("so it is", gap=0.05), finish(), done()])

    def ask() -> str:
        return text_of(client.completion(**arguments(server, stream=True)))

    assert await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(3))) == ["so it is"] * 3
    assert len(server.log) < 3  # the first may be over before a slow thread begins


async def test_each_hears_of_its_own_end_once(client: Client, server: ProviderServer) -> None:
    server.script([role(), tokens("so it is"), stall(0.05), finish(), done()])
    streams = await several(client, server, 2)
    outcomes: list[list[Outcome]] = [[], []]
    for stream, heard in zip(streams, outcomes, strict=True):
        stream.on_close(heard.append)
    await streams[0].aclose()
    await collected(streams[1])
    assert [[outcome.ended for outcome in heard] for heard in outcomes] == [["closed"], ["complete"]]
    assert outcomes[1][0].response.choices[0].message.content == "so it is"


async def test_with_a_cache_one_answer_is_kept(server: ProviderServer) -> None:
    cache = Cache()
    client = Client(cache=cache, single_flight=True)
    await asyncio.gather(*map(collected, await several(client, server)))
    await cache.aclose()
    assert (len(server.log), cache.stats().stores, cache.stats().misses) == (1, 1, 3)
    assert (await opened(client, server))._hidden_params["cache_hit"]


# -- who shares


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"api_key": KEY + "1"},
        {"stream_options": {"include_usage": True}},
        {"timeout": Timeouts(idle=5)},
        {"num_retries": 1},
        {"fallbacks": ["openai/other"]},
        {"cache": {"namespace": "b"}},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_calls_that_differ_are_made_apart(client: Client, server: ProviderServer, other: dict[str, Any]) -> None:
    streams = [*await several(client, server, 2), *await several(client, server, 2, **other)]
    await asyncio.gather(*map(collected, streams))
    assert len(server.log) == 2


async def test_calls_whose_time_ends_at_different_times_share(client: Client, server: ProviderServer) -> None:
    server.script(OPEN)
    patient = await opened(client, server, timeout=Timeouts(total=60))
    hasty = await opened(client, server, timeout=Timeouts(total=0.1))
    chunks, error = await collected(hasty)
    assert (text_of(chunks), type(error)) == ("so far", aiollm.TotalTimeout)
    assert error.partial.choices[0].message.content == "so far"  # type: ignore[union-attr]
    assert (len(server.log), patient.closed) == (1, False)
    await patient.aclose()


async def test_answers_made_up_are_not_shared(client: Client, server: ProviderServer) -> None:
    streams = await several(client, server, 2, mock_response="made up")
    assert streams[0].attempts[0] is not streams[1].attempts[0]


async def test_loops_do_not_share(client: Client, server: ProviderServer) -> None:
    def elsewhere() -> str:
        async def ask() -> str:
            return text_of((await collected(await opened(client, server)))[0])

        return asyncio.run(ask())

    assert await asyncio.gather(asyncio.to_thread(elsewhere), asyncio.to_thread(elsewhere)) == ["so it is"] * 2
    assert len(server.log) == 2


# -- errors


async def test_an_error_before_the_answer_reaches_all_as_their_own(client: Client, server: ProviderServer) -> None:
    server.script([stall(0.02), status(503, retry_after=0.01)])
    results = await asyncio.gather(*(opened(client, server, num_retries=1) for _ in range(3)), return_exceptions=True)
    assert {type(error) for error in results} == {aiollm.ServiceUnavailableError}
    assert len({id(error) for error in results}) == 3
    assert [len(error.attempts) for error in results] == [2, 2, 2]  # type: ignore[union-attr]
    assert len(server.log) == 2
    assert nothing_flies(client)


async def test_an_error_in_the_middle_reaches_all_with_a_partial_answer_of_their_own(
    client: Client, server: ProviderServer
) -> None:
    server.script([role(), tokens("so far"), stall(0.03), rst()])
    results = await asyncio.gather(*map(collected, await several(client, server)))
    errors = [error for _, error in results]
    assert {type(error) for error in errors} == {StreamInterrupted}
    assert all(error.__cause__ is not None for error in errors)
    assert len({id(error) for error in errors}) == len({id(error.partial) for error in errors}) == 3
    for chunks, error in results:
        assert text_of(chunks) == error.partial.choices[0].message.content == "so far"
        assert (error.phase, len(error.attempts)) == ("stream", 1)


async def test_an_answer_that_is_taken_up_again_reaches_all_whole(server: ProviderServer) -> None:
    client = Client(single_flight=True, mid_stream="restart")
    server.enqueue([role(), tokens("so far"), stall(0.03), cut()])
    for chunks, error in await asyncio.gather(*map(collected, await several(client, server, 2))):
        built = aiollm.stream_chunk_builder(chunks)
        assert error is None
        assert built is not None
        assert built.choices[0].message.content == "so it is"
    assert len(server.log) == 2


# -- leaving


async def left_by_break(stream: ChunkStream) -> None:
    async for _ in stream:
        break


async def left_by_aclose(stream: ChunkStream) -> None:
    await stream.aclose()


async def left_by_cancel(stream: ChunkStream) -> None:
    reader = asyncio.create_task(collected(stream))
    await asyncio.sleep(0.01)
    reader.cancel()
    await asyncio.wait({reader})
    assert reader.cancelled()


LEAVING: list[Callable[[ChunkStream], Awaitable[None]]] = [left_by_break, left_by_aclose, left_by_cancel]


@pytest.mark.parametrize("leave", LEAVING, ids=lambda leave: leave.__name__)
async def test_the_first_may_leave_and_the_last_closes_the_connection(
    client: Client, server: ProviderServer, leave: Callable[[ChunkStream], Awaitable[None]]
) -> None:
    server.script(OPEN)
    first, second = await several(client, server, 2)
    await leave(first)
    assert first.closed
    assert text_of([await anext(second) for _ in range(SO_FAR - 1)]) == "so"
    assert server.log[0].disconnected_at is None
    since = now()
    await leave(second)
    await assert_closed_soon(server, since)
    assert nothing_flies(client)
    assert second.attempts[0].ended == "closed"


async def test_a_stream_that_is_dropped_leaves_and_warns(client: Client, server: ProviderServer) -> None:
    server.script(OPEN)
    held = [await opened(client, server)]
    since = now()
    with pytest.warns(ResourceWarning, match="dropped before its end"):
        held.clear()
    await assert_closed_soon(server, since)


async def test_a_new_call_after_the_last_has_left_is_made_anew(client: Client, server: ProviderServer) -> None:
    server.enqueue(OPEN)
    await left_by_break(await opened(client, server))
    assert text_of((await collected(await opened(client, server)))[0]) == "so it is"
    assert len(server.log) == 2


async def test_a_scope_ends_only_what_was_called_inside(client: Client, server: ProviderServer) -> None:
    server.script(OPEN)
    with aiollm.scope() as scope:
        inside = await opened(client, server)
    outside = await opened(client, server)
    reader = asyncio.create_task(collected(inside))
    await asyncio.sleep(0.01)
    scope.cancel()
    chunks, error = await reader
    assert (text_of(chunks), type(error)) == ("so far", aiollm.StreamCancelled)
    assert error.partial.choices[0].message.content == "so far"  # type: ignore[union-attr]
    assert (len(server.log), outside.closed) == (1, False)
    await outside.aclose()


async def test_a_scope_hears_of_its_own_clock(client: Client, server: ProviderServer) -> None:
    server.script(silence())
    with aiollm.move_on(first_token=0.05) as scope:
        await opened(client, server)
    assert scope.cancelled_caught
    assert isinstance(scope.error, aiollm.FirstTokenTimeout)


async def test_leaving_before_the_answer_leaves_the_call_to_the_others(client: Client, server: ProviderServer) -> None:
    server.script([stall(0.1), *ANSWER])
    calls = [asyncio.create_task(opened(client, server)) for _ in range(3)]
    await asyncio.sleep(0.03)
    calls[0].cancel()
    with pytest.raises(aiollm.TotalTimeout):
        await opened(client, server, timeout=Timeouts(total=0.01))
    chunks, error = await collected(await calls[1])
    assert (text_of(chunks), error) == ("so it is", None)
    await collected(await calls[2])
    assert (len(server.log), calls[0].cancelled()) == (1, True)


@pytest.mark.parametrize("held", [silence(), [headers(), role(), stall()]], ids=["no head", "no content"])
async def test_the_last_who_leaves_before_the_answer_closes_the_connection(
    client: Client, server: ProviderServer, held: Any
) -> None:
    server.script(held)
    calls = [asyncio.create_task(opened(client, server)) for _ in range(2)]
    await asyncio.sleep(0.05)
    since = now()
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    await assert_closed_soon(server, since)
    assert nothing_flies(client)


async def test_a_call_cancelled_at_any_step_leaves_nothing(client: Client, server: ProviderServer) -> None:
    gap = stall(0.004)
    server.script([headers(), gap, role(), gap, tokens("a b", gap=0.004), gap, finish(), gap, done()])

    async def ask() -> None:
        await collected(await opened(client, server))

    step = 1
    while await cancelled_at(step, ask()):
        await asyncio.sleep(0)  # the task that asks is cancelled in its turn
        assert pool_facts()["active"] == 0
        assert nothing_flies(client)
        step += 1
    assert 5 < step < 60


def test_a_loop_that_ends_takes_its_calls_along(client: Client) -> None:
    async def leave_open(server: ProviderServer) -> ChunkStream:
        return await opened(client, server)

    with ProviderServer() as server:
        server.script(OPEN)
        held = [asyncio.run(leave_open(server))]
        server.run(server.wait_for_disconnect(0))
        assert nothing_flies(client)
        with pytest.warns(ResourceWarning, match="dropped before its end"):
            held.clear()
