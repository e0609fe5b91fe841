"""Answers from the cache: which calls get one, what it looks like, and what is never kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import aiollm
from aiollm import Cache, CacheStats, Client, MemoryStore, SQLiteStore
from aiollm.testing import (
    ProviderServer,
    cut,
    done,
    embeddings,
    error_event,
    finish,
    role,
    stall,
    status,
    tokens,
    tool_call,
)
from tests.cache.stores import FaultyStore, broken, hanging
from tests.dialects.test_responses_stream import completed, message, text
from tests.engine.calling import KEY, MESSAGES, arguments, collected, text_of
from tests.test_responses_call import options, steps


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("so it is")
        yield server


@pytest.fixture
def cache() -> Cache:
    return Cache()


@pytest.fixture
def client(cache: Cache) -> Client:
    return Client(cache=cache)


def kept_in(cache: Cache) -> int:
    """How many answers the cache has."""
    assert isinstance(cache.store, MemoryStore)
    return len(cache.store)


async def whole(client: Client, server: ProviderServer, **more: Any) -> aiollm.ModelResponse:
    return await client.acompletion(**arguments(server, **more))


async def streamed(client: Client, server: ProviderServer, **more: Any) -> tuple[aiollm.ChunkStream, list[Any]]:
    stream = await client.acompletion(**arguments(server, stream=True, **more))
    chunks, error = await collected(stream)
    assert error is None
    return stream, chunks


# -- hits


async def test_a_whole_call_gets_the_answer_of_an_earlier_one(
    client: Client, cache: Cache, server: ProviderServer
) -> None:
    first, second = await whole(client, server), await whole(client, server)
    assert second == first
    assert second is not first
    assert (first._hidden_params["cache_hit"], second._hidden_params["cache_hit"]) == (False, True)
    assert second._hidden_params["provider_response_model"] == first._hidden_params["provider_response_model"]
    await cache.aclose()
    assert (len(server.log), cache.stats()) == (1, CacheStats(hits=1, misses=1, stores=1))


async def test_a_stream_gets_the_answer_of_an_earlier_one_as_a_stream(client: Client, server: ProviderServer) -> None:
    asked = {"stream_options": {"include_usage": True}}
    (first, sent), (second, kept) = await streamed(client, server, **asked), await streamed(client, server, **asked)
    assert text_of(kept) == text_of(sent) == "so it is"
    assert {(chunk.id, chunk.created, chunk.model) for chunk in kept} == {(sent[0].id, sent[0].created, "scripted")}
    assert [chunk.choices[0].finish_reason for chunk in kept] == [None, "stop", None]
    assert (len(kept[-1].choices), kept[-1].usage) == (0, sent[-1].usage)
    assert (second._hidden_params["cache_hit"], kept[0]._hidden_params["cache_hit"]) == (True, True)
    assert (second.usage, second.finish_reason, second.closed) == (first.usage, "stop", True)
    assert (len(first.attempts), second.attempts, len(server.log)) == (1, (), 1)


async def test_what_a_stream_brought_answers_a_whole_call_and_the_other_way_round(
    client: Client, server: ProviderServer
) -> None:
    await streamed(client, server, stream_options={"include_usage": True})
    assert (await whole(client, server)).choices[0].message.content == "so it is"
    await whole(client, server, seed=1)
    assert text_of((await streamed(client, server, seed=1))[1]) == "so it is"
    assert len(server.log) == 2


async def test_a_whole_call_is_made_again_where_the_kept_stream_had_not_asked_for_usage(
    client: Client, server: ProviderServer
) -> None:
    await streamed(client, server)
    assert (await whole(client, server)).usage is not None
    await streamed(client, server, stream_options={"include_usage": True})
    assert len(server.log) == 2


async def test_tool_calls_and_several_choices_are_kept(client: Client, server: ProviderServer) -> None:
    server.script([role(), tool_call("f", '{"a": 1}'), finish("tool_calls"), role(index=1), tokens("b", index=1)])
    server.script([role(), tool_call("f", '{"a": 1}'), finish("tool_calls"), tokens("b", index=1), finish(index=1)])
    await streamed(client, server, n=2)
    _, chunks = await streamed(client, server, n=2)
    response = aiollm.stream_chunk_builder(chunks)
    assert response is not None
    assert response.choices[0].message.tool_calls[0].function.arguments == '{"a": 1}'
    assert text_of(chunks, 1) == "b"
    assert [choice.finish_reason for choice in response.choices] == ["tool_calls", "stop"]
    assert len(server.log) == 1


async def test_what_a_caller_does_with_an_answer_does_not_reach_the_next(
    client: Client, server: ProviderServer
) -> None:
    (await whole(client, server)).choices[0].message.content = "spoilt"
    (await whole(client, server)).choices[0].message.content = "spoilt too"
    assert (await whole(client, server)).choices[0].message.content == "so it is"


async def test_embeddings_are_kept(client: Client, server: ProviderServer) -> None:
    server.script(embeddings([1.0], [2.0]))
    given = {"model": "openai/m", "api_base": server.base_url, "api_key": KEY}
    first = await client.aembedding(input=["a", "b"], **given)
    second = await client.aembedding(input=["a", "b"], **given)
    assert (second == first, second._hidden_params["cache_hit"]) == (True, True)
    await client.aembedding(input=["b", "a"], **given)
    assert len(server.log) == 2


async def test_responses_are_kept_and_replayed_as_events(client: Client, server: ProviderServer) -> None:
    server.script(steps(text("Hel"), text("lo"), completed(message("Hello"))))
    async for _ in await client.aresponses(stream=True, **options(server)):
        pass
    stream = await client.aresponses(stream=True, **options(server))
    events = [event async for event in stream]
    assert "".join(event.delta or "" for event in events) == "Hello"
    assert (events[-1].response.id, events[-1].response._hidden_params["cache_hit"]) == ("resp_1", True)
    assert (stream.usage.total_tokens, stream.attempts) == (14, ())
    assert (await client.aresponses(**options(server))).output_text == "Hello"
    assert len(server.log) == 1


async def test_the_blocking_functions_share_it_with_the_others(client: Client, server: ProviderServer) -> None:
    await whole(client, server)

    def blocking() -> str:
        return "".join(
            chunk.choices[0].delta.content or "" for chunk in client.completion(**arguments(server, stream=True))
        )

    assert await asyncio.to_thread(blocking) == "so it is"
    assert len(server.log) == 1


def test_a_file_answers_in_another_process_run(tmp_path: Path) -> None:
    """An `asyncio.run` that ends right after the answer has kept it."""

    def ask(server: ProviderServer) -> str | None:
        client = Client(cache=Cache(SQLiteStore(tmp_path / "answers.sqlite"), max_wait=10))
        return asyncio.run(whole(client, server)).choices[0].message.content

    with ProviderServer() as server:
        server.reply("so it is")
        assert (ask(server), ask(server), len(server.log)) == ("so it is", "so it is", 1)


# -- who shares with whom


@pytest.mark.parametrize(
    "other",
    [
        {"temperature": 0.5},
        {"messages": [{"role": "user", "content": "Something else."}]},
        {"api_key": KEY + "1"},
        {"model": "openai/other"},
        {"extra_headers": {"X-Team": "b"}},
        {"extra_body": {"top_k": 1}},
        {"cache": {"namespace": "b"}},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_whoever_asks_another_thing_or_as_another_gets_an_answer_of_his_own(
    client: Client, server: ProviderServer, other: dict[str, Any]
) -> None:
    await whole(client, server)
    await whole(client, server, **other)
    assert len(server.log) == 2


async def test_two_namespaces_in_one_store_share_nothing(cache: Cache, server: ProviderServer) -> None:
    one, other = (Client(cache=Cache(cache.store, namespace=name)) for name in ("a", "b"))
    for client in (one, other, one, other):
        await whole(client, server)
    assert len(server.log) == 2


async def test_the_callers_of_a_token_function_share_in_a_namespace_only(
    client: Client, server: ProviderServer
) -> None:
    given = {"model": "azure/dep", "api_base": server.url, "api_version": "v1", "messages": MESSAGES}
    server.reply("so it is", path=None)
    for more in ({}, {}, {"cache": {"namespace": "mine"}}, {"cache": {"namespace": "mine"}}):
        await client.acompletion(azure_ad_token_provider=lambda: "token-0", **given, **more)
    assert len(server.log) == 3


# -- what a caller says


async def test_no_cache_asks_anew_and_keeps_the_new_answer(client: Client, server: ProviderServer) -> None:
    await whole(client, server)
    server.reply("now it is")
    for how in ({"cache": {"no-cache": True}}, {}):
        assert (await whole(client, server, **how)).choices[0].message.content == "now it is"
    assert len(server.log) == 2


async def test_no_store_keeps_nothing_and_takes_what_is_kept(client: Client, server: ProviderServer) -> None:
    for how in ({"no-store": True}, {}, {"no-store": True}):
        await whole(client, server, cache=how)
    assert len(server.log) == 2


async def test_caching_false_leaves_the_cache_out(client: Client, cache: Cache, server: ProviderServer) -> None:
    for _ in range(2):
        await whole(client, server, caching=False)
    assert (len(server.log), cache.stats()) == (2, CacheStats())


async def test_an_answer_older_than_the_caller_takes_is_asked_for_anew(client: Client, server: ProviderServer) -> None:
    for _ in range(2):
        await whole(client, server, cache={"s-maxage": 0})
    await whole(client, server, cache={"s-maxage": 60})
    assert len(server.log) == 2


async def test_what_is_wrong_with_it_is_told_before_anything_is_sent(client: Client, server: ProviderServer) -> None:
    with pytest.raises(aiollm.BadRequestError, match="unknown member 'maxage'"):
        await whole(client, server, cache={"maxage": 5})
    assert not server.log


# -- what is never kept


@pytest.mark.parametrize(
    "script",
    [
        [role(), tokens("half of"), cut()],
        [role(), tokens("half of"), error_event("boom")],
        [role(), tokens("unsaid"), finish("content_filter"), done()],
        [role(), tokens("without a reason"), done()],
        status(500),
    ],
    ids=["cut", "failed", "filtered", "no finish reason", "refused"],
)
async def test_an_answer_without_its_own_end_is_not_kept(
    client: Client, cache: Cache, server: ProviderServer, script: Any
) -> None:
    server.enqueue(script)
    with suppress(aiollm.InternalServerError):
        await collected(await client.acompletion(**arguments(server, stream=True)))
    assert text_of((await streamed(client, server))[1]) == "so it is"
    assert (len(server.log), kept_in(cache)) == (2, 1)


async def test_an_answer_that_was_left_or_cancelled_is_not_kept(
    client: Client, cache: Cache, server: ProviderServer
) -> None:
    server.script([role(), tokens("one two"), stall()])
    async for chunk in await client.acompletion(**arguments(server, stream=True)):
        if chunk.choices[0].delta.content:
            break
    reader = asyncio.create_task(collected(await client.acompletion(**arguments(server, stream=True))))
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    with aiollm.move_on(total=0.1) as scope:
        await client.acompletion(**arguments(server))
    assert scope.cancelled_caught
    assert (len(server.log), kept_in(cache)) == (3, 0)


async def test_an_answer_made_up_is_not_kept(client: Client, cache: Cache, server: ProviderServer) -> None:
    for _ in range(2):
        await whole(client, server, mock_response="made up")
    assert cache.stats() == CacheStats()


async def test_a_fallbacks_answer_does_not_stand_in_for_the_model_asked_for(
    client: Client, cache: Cache, server: ProviderServer
) -> None:
    server.enqueue(status(400))
    given = {"fallbacks": [{"model": "openai/other", "api_base": server.base_url, "api_key": KEY}]}
    assert (await whole(client, server, **given)).model == "other"
    assert (await whole(client, server, **given)).model == "scripted"
    assert (len(server.log), kept_in(cache)) == (3, 1)


async def test_an_answer_put_together_of_two_is_not_kept(server: ProviderServer) -> None:
    cache = Cache()
    client = Client(cache=cache, mid_stream="restart")
    server.enqueue([role(), tokens("half of"), cut()])
    stream, chunks = await streamed(client, server)
    assert text_of(chunks).endswith("so it is")
    assert ([attempt.cause for attempt in stream.attempts], kept_in(cache)) == (["first", "restart"], 0)


@pytest.mark.parametrize("effect", [{"background": True}, {"conversation": "conv_1"}])
async def test_a_call_that_changes_something_is_always_made(
    client: Client, cache: Cache, server: ProviderServer, effect: dict[str, Any]
) -> None:
    server.script(steps(completed(message("Hello"))))
    for _ in range(2):
        await collected(await client.aresponses(stream=True, **options(server, **effect)))  # type: ignore[arg-type]
    assert (len(server.log), cache.stats()) == (2, CacheStats())


# -- a store that fails


@pytest.mark.parametrize("fault", [broken, hanging])
async def test_a_store_that_fails_or_hangs_costs_no_call(server: ProviderServer, fault: Any) -> None:
    client = Client(cache=Cache(FaultyStore(fault), max_wait=0.05))
    loop = asyncio.get_running_loop()
    start = loop.time()
    for _ in range(3):
        assert (await whole(client, server)).choices[0].message.content == "so it is"
    assert loop.time() - start < 5
    assert len(server.log) == 3


async def test_a_scope_ends_a_call_that_waits_for_the_store(server: ProviderServer) -> None:
    client = Client(cache=Cache(FaultyStore(hanging), max_wait=60))
    with pytest.raises(aiollm.TotalTimeout), aiollm.scope(total=0.05):
        await whole(client, server)
    assert not server.log
