"""What hooks hear of calls: every call once, in whichever way it is answered and ends, and no secret."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm import (
    APIError,
    AttemptFailed,
    CallEnded,
    CallStarted,
    Client,
    FirstContent,
    RateLimitError,
    Retry,
    StreamInterrupted,
)
from aiollm.testing import ProviderServer, cut, embeddings, role, stall, status, tokens
from tests.engine.calling import KEY, MESSAGES, arguments, collected, opened

COUNTS = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        running.reply("so it is", usage=COUNTS)
        yield running


@pytest.fixture
def events() -> list[Any]:
    return []


@pytest.fixture
def client(events: list[Any]) -> Client:
    return Client(hooks=[events.append])


def kinds(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


async def stream_of(client: Client, server: ProviderServer, **more: Any) -> aiollm.ChunkStream:
    return await client.acompletion(**arguments(server, stream=True, **more))


async def test_a_stream_is_told_of_from_beginning_to_end(
    client: Client, server: ProviderServer, events: list[Any]
) -> None:
    stream = await stream_of(
        client, server, metadata={"trace": 7}, temperature=0.5, stream_options={"include_usage": True}
    )
    assert kinds(events) == ["CallStarted", "FirstContent"]
    await collected(stream)
    start, first, end = events
    assert start.call is first.call is end.call
    assert (start.call.api, start.call.provider, start.call.model, start.call.stream) == (
        "chat", "openai", "scripted", True,
    )  # fmt: skip
    assert (start.call.metadata, start.call.params["temperature"]) == ({"trace": 7}, 0.5)
    assert start.call.messages == MESSAGES
    assert (first.provider, first.model) == ("openai", "scripted")
    assert 0 < first.seconds <= end.elapsed
    assert (end.ended, end.error, end.finish_reason, end.usage.total_tokens) == ("complete", None, "stop", 7)
    assert end.response.choices[0].message.content == "so it is"
    assert [(attempt.ended, attempt.usage.total_tokens) for attempt in end.attempts] == [("complete", 7)]
    assert end.stats.chunks == stream.chunks


async def test_a_whole_answer_is_told_of(client: Client, server: ProviderServer, events: list[Any]) -> None:
    await client.acompletion(**arguments(server))
    assert kinds(events) == ["CallStarted", "FirstContent", "CallEnded"]
    assert events[-1].stats is None
    assert events[-1].response.choices[0].message.content == "so it is"


async def test_responses_and_embeddings_are_told_of(client: Client, server: ProviderServer, events: list[Any]) -> None:
    server.enqueue(embeddings([1.0, 2.0]))
    await client.aembedding("openai/text-embedding-3-small", "a", api_base=server.base_url, api_key=KEY)
    stream = await client.aresponses("a", "openai/gpt-4o", stream=True, api_key=KEY, api_base=server.base_url)
    await collected(stream)  # type: ignore[arg-type]
    assert kinds(events) == ["CallStarted", "FirstContent", "CallEnded"] * 2
    assert [event.call.api for event in events[::3]] == ["embeddings", "responses"]


async def test_attempts_that_fail_are_told_of_as_they_do(server: ProviderServer, events: list[Any]) -> None:
    client = Client(hooks=[events.append], retry=Retry(shortest_wait=0.001))
    server.enqueue(status(503), status(429))
    answer = await client.acompletion(**arguments(server, num_retries=2))
    assert answer.choices[0].message.content == "so it is"
    assert kinds(events) == ["CallStarted", "AttemptFailed", "AttemptFailed", "FirstContent", "CallEnded"]
    failed = [event.attempt for event in events if isinstance(event, AttemptFailed)]
    assert [(attempt.number, attempt.error.status_code) for attempt in failed] == [(1, 503), (2, 429)]
    assert len(events[-1].attempts) == 3


async def test_a_call_that_fails_is_told_of_with_what_the_caller_got(
    client: Client, server: ProviderServer, events: list[Any]
) -> None:
    server.script([status(429)])
    with pytest.raises(RateLimitError) as caught:
        await client.acompletion(**arguments(server))
    assert kinds(events) == ["CallStarted", "AttemptFailed", "CallEnded"]
    assert (events[-1].ended, events[-1].error) == ("failed", caught.value)
    assert (events[-1].response, events[-1].cost) == (None, 0)


async def test_a_stream_that_breaks_off_is_told_of_once(
    client: Client, server: ProviderServer, events: list[Any]
) -> None:
    server.script([role(), tokens(["so far"]), cut()])
    await collected(await stream_of(client, server))
    assert kinds(events) == ["CallStarted", "FirstContent", "AttemptFailed", "CallEnded"]
    end = events[-1]
    assert isinstance(end.error, StreamInterrupted)
    assert end.response.choices[0].message.content == "so far"
    assert end.attempts[0].ended == "failed"


async def test_a_stream_that_begins_again_is_one_call(
    client: Client, server: ProviderServer, events: list[Any]
) -> None:
    server.enqueue([role(), tokens(["so far"]), cut()])
    await collected(await stream_of(client, server, mid_stream="restart"))
    assert kinds(events) == ["CallStarted", "FirstContent", "AttemptFailed", "CallEnded"]
    assert (events[-1].ended, len(events[-1].attempts)) == ("complete", 2)


@pytest.mark.parametrize("way", ["break", "aclose", "drop", "cancel", "scope"])
async def test_a_stream_that_is_left_is_told_of_once(
    client: Client, server: ProviderServer, events: list[Any], way: str
) -> None:
    server.script([role(), tokens(["so far"]), stall(heartbeat=0.5)])
    with aiollm.scope() as scope:
        stream = await stream_of(client, server)
    if way == "break":
        async for _ in stream:
            break
    elif way == "aclose":
        await stream.aclose()
    elif way == "drop":
        with pytest.warns(ResourceWarning):
            del stream
    else:
        reading = asyncio.create_task(collected(stream))
        await asyncio.sleep(0.02)
        (reading.cancel if way == "cancel" else scope.cancel)()
        await asyncio.wait({reading})
    assert kinds(events) == ["CallStarted", "FirstContent", "CallEnded"]
    assert events[-1].ended == "closed"
    assert events[-1].response.choices[0].message.content == "so far"


async def test_a_call_that_is_cancelled_before_its_answer_is_told_of(
    client: Client, server: ProviderServer, events: list[Any]
) -> None:
    server.script([stall()])
    asking = asyncio.create_task(stream_of(client, server))
    await server.wait_for(lambda: bool(server.log))
    asking.cancel()
    await asyncio.wait({asking})
    assert kinds(events) == ["CallStarted", "CallEnded"]
    assert (events[-1].ended, type(events[-1].error)) == ("closed", asyncio.CancelledError)


async def test_an_answer_from_the_cache_is_a_call_that_nobody_was_asked_for(
    server: ProviderServer, events: list[Any]
) -> None:
    client = Client(hooks=[events.append], cache=aiollm.Cache(aiollm.MemoryStore()))
    for _ in range(2):
        await client.acompletion(**arguments(server))
    first, second = (event for event in events if isinstance(event, CallEnded))
    assert (first.cache_hit, second.cache_hit) == (False, True)
    assert (len(first.attempts), len(second.attempts), second.cost) == (1, 0, 0)


async def test_calls_that_share_an_answer_are_told_of_one_by_one(server: ProviderServer, events: list[Any]) -> None:
    client = Client(hooks=[events.append], single_flight=True)
    streams = await asyncio.gather(*(stream_of(client, server) for _ in range(3)))
    await asyncio.gather(*map(collected, streams))
    assert kinds(events).count("CallStarted") == kinds(events).count("CallEnded") == 3
    assert len({event.call.id for event in events}) == 3
    assert len(server.log) == 1


async def test_a_router_names_the_group_and_who_answered(server: ProviderServer, events: list[Any]) -> None:
    entry = {"model": "openai/large", "api_base": server.base_url, "api_key": KEY}
    router = aiollm.Router([{"model_name": "fast", "litellm_params": entry}], hooks=[events.append])
    await router.acompletion(model="fast", messages=MESSAGES)
    assert (events[0].call.model, events[-1].model) == ("fast", "large")


def test_blocking_calls_are_told_of_too(events: list[Any]) -> None:
    client = Client(hooks=[events.append])
    with ProviderServer() as server:
        server.reply("so it is")
        list(client.completion(**arguments(server, stream=True)))
        assert kinds(events) == ["CallStarted", "FirstContent", "CallEnded"]


async def test_an_asynchronous_hook_holds_up_no_call(server: ProviderServer) -> None:
    gate, seen = asyncio.Event(), []

    async def slow(event: Any) -> None:
        await gate.wait()
        seen.append(type(event))

    sink = aiollm.Sink(slow)
    client = Client(hooks=[sink])
    assert (await client.acompletion(**arguments(server))).choices
    assert not seen
    gate.set()
    await sink.drain()
    assert seen == [CallStarted, FirstContent, CallEnded]


async def test_a_hook_that_raises_changes_nothing(
    server: ProviderServer, events: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: Any) -> None:
        raise ValueError("no such collector")

    client = Client(hooks=[broken, events.append])
    with caplog.at_level(logging.ERROR, "aiollm"):
        assert (await client.acompletion(**arguments(server))).choices
    assert len(events) == 3
    assert len(caplog.records) == 3


async def test_events_are_frozen_and_show_no_content_and_no_key(
    client: Client, server: ProviderServer, events: list[Any]
) -> None:
    server.script([status(401, body={"error": {"message": f"no such key: {KEY}"}})])
    with pytest.raises(APIError):
        await client.acompletion(**arguments(server, extra_headers={"authorization": f"Bearer {KEY}"}))
    with pytest.raises(AttributeError):
        events[0].call = None
    shown = repr(events)
    assert KEY not in shown
    assert MESSAGES[0]["content"] not in shown
    assert "***" in shown


async def test_without_hooks_nothing_is_told(server: ProviderServer) -> None:
    stream = await opened(server)
    assert stream._source.call.on_failure is None
    await stream.aclose()


@pytest.mark.parametrize("stream", [True, False])
async def test_the_cost_is_told_of_streams_too(
    stream: bool, client: Client, server: ProviderServer, events: list[Any]
) -> None:
    asked = {**arguments(server, stream=stream), "model": "openai/gpt-4o"}
    if stream:
        asked["stream_options"] = {"include_usage": True}
    answer = await client.acompletion(**asked)
    if stream:
        await answer.final()
    assert events[-1].cost == pytest.approx(3 * 2.5e-6 + 4 * 1e-5)
