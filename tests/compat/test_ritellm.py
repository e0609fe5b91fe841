from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from aiollm import AuthenticationError, BadRequestError
from aiollm.compat.ritellm import DictStream, acompletion, completion
from aiollm.sync.thread import loop_thread
from aiollm.testing import (
    Exchange,
    LoggedRequest,
    ProviderServer,
    Step,
    chunk,
    done,
    finish,
    headers,
    json200,
    reply,
    role,
    stall,
    status,
    tokens,
)

MODEL = "openai/gpt-3.5-turbo"
MESSAGES = [{"role": "user", "content": "Hello!"}]
PROMPTLY = 0.1  # seconds from leaving a loop to the end of the connection


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        yield running


async def ended(server: ProviderServer, index: int = 0) -> LoggedRequest:
    return await asyncio.to_thread(server.run, server.wait_for_disconnect(index))


def text_of(chunks: Any) -> str:
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])


def nulls(value: Any) -> int:
    if isinstance(value, dict):
        return sum(nulls(item) for item in value.values())
    if isinstance(value, list):
        return sum(nulls(item) for item in value)
    return int(value is None)


def test_an_answer_is_a_plain_dict_without_nulls(server: ProviderServer) -> None:
    server.reply("Hello there")
    answer = completion(MODEL, MESSAGES)
    assert answer == json.loads(json.dumps(answer))
    assert nulls(answer) == 0
    assert answer["choices"] == [
        {"finish_reason": "stop", "index": 0, "message": {"content": "Hello there", "role": "assistant"}}
    ]


async def test_an_awaited_answer_is_a_plain_dict_without_nulls(server: ProviderServer) -> None:
    server.reply("Hello there")
    answer = await acompletion(MODEL, MESSAGES)
    assert answer["choices"][0]["message"] == {"content": "Hello there", "role": "assistant"}
    assert nulls(answer) == 0


def test_chunks_are_plain_dicts_without_nulls(server: ProviderServer) -> None:
    server.reply("one two")
    chunks = list(completion(MODEL, MESSAGES, stream=True))
    assert {type(chunk) for chunk in chunks} == {dict}
    assert nulls(chunks) == 0
    assert [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks] == ["", "one", " two", ""]
    assert chunks[-1]["choices"] == [{"finish_reason": "stop", "index": 0, "delta": {}}]


def test_tool_calls_are_plain_dicts(server: ProviderServer) -> None:
    server.reply(None, tool_calls=[{"name": "weather", "arguments": {"city": "Paris"}}])
    calls = completion(MODEL, MESSAGES)["choices"][0]["message"]["tool_calls"]
    assert calls == [
        {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
    ]


def test_nulls_in_what_a_provider_added_are_left_out(server: ProviderServer) -> None:
    added = {"added": {"kept": 1, "dropped": None, "list": [{"dropped": None}]}}
    choice = {"index": 0, "delta": {"content": "a"}, "finish_reason": None}
    server.script([chunk({"id": "1", "choices": [choice], **added}), finish(), done()])
    first = next(completion(MODEL, MESSAGES, stream=True))
    assert first["added"] == {"kept": 1, "list": [{}]}


async def test_a_plain_for_reads_a_stream_inside_a_running_loop(server: ProviderServer) -> None:
    server.script([role(), tokens("to be read in a loop", gap=0.01), finish(), done()])
    assert text_of(await acompletion(MODEL, MESSAGES, stream=True)) == "to be read in a loop"


async def test_streams_are_opened_side_by_side(server: ProviderServer) -> None:
    async def both_asked(_: Exchange) -> None:
        await server.wait_for(lambda: len(server.log) == 2)

    server.script([Step("wait for both", both_asked), reply("ready")])
    streams = await asyncio.gather(*(acompletion(MODEL, MESSAGES, stream=True) for _ in range(2)))
    assert [text_of(stream) for stream in streams] == ["ready", "ready"]


async def test_the_event_loop_runs_while_the_first_token_is_awaited(server: ProviderServer) -> None:
    may_answer = asyncio.Event()
    answering = threading.Event()

    async def held_back(_: Exchange) -> None:
        await asyncio.to_thread(answering.wait)

    server.script([headers(), Step("held back", held_back), role(), tokens("late"), finish(), done()])
    opening = asyncio.create_task(acompletion(MODEL, MESSAGES, stream=True))
    asyncio.get_running_loop().call_later(0.05, may_answer.set)
    await may_answer.wait()
    assert not opening.done()
    answering.set()
    assert text_of(await opening) == "late"


@pytest.mark.parametrize("how", ["break", "exception", "close", "with"])
async def test_leaving_a_stream_closes_it_while_a_variable_holds_it(how: str, server: ProviderServer) -> None:
    server.script([role(), tokens("one two three"), stall()])
    stream = await acompletion(MODEL, MESSAGES, stream=True)
    leave(stream, how)
    left = time.monotonic()
    request = await ended(server)
    assert request.disconnected_by == "client"
    assert request.disconnected_at is not None
    assert request.disconnected_at - left < PROMPTLY
    assert list(stream) == []


def leave(stream: DictStream, how: str) -> None:
    if how == "break":
        for _ in stream:
            break
    elif how == "exception":
        with pytest.raises(ZeroDivisionError):
            fail_within(stream)
    elif how == "close":
        next(stream)
        stream.close()
    else:
        with stream:
            next(stream)


def fail_within(stream: DictStream) -> None:
    for piece in stream:
        len(piece) / 0


def test_next_reads_a_chunk_and_goes_on_later(server: ProviderServer) -> None:
    server.reply("one two")
    stream = completion(MODEL, MESSAGES, stream=True)
    assert [text_of([next(stream)]) for _ in range(2)] == ["", "one"]
    assert text_of(stream) == " two"
    with pytest.raises(StopIteration):
        next(stream)


def test_a_stream_tells_what_it_is(server: ProviderServer) -> None:
    server.reply("one")
    stream = completion(MODEL, MESSAGES, stream=True)
    assert repr(stream).startswith("<DictStream openai/gpt-3.5-turbo ")
    stream.close()


@pytest.mark.parametrize("stream", [False, True])
async def test_cancelling_the_await_closes_the_connection(
    stream: bool, server: ProviderServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.script([headers(), stall()])
    opening = asyncio.create_task(acompletion(MODEL, MESSAGES, stream=stream))
    await asyncio.to_thread(server.run, server.wait_for_request(0))
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert (await ended(server)).disconnected_by == "client"
    loop_thread().run(asyncio.sleep(0))
    gc.collect()
    assert caplog.messages == []  # an error of a task that nobody awaits would be logged


async def test_cancelling_before_the_loop_thread_has_begun_sends_nothing(server: ProviderServer) -> None:
    thread, busy = loop_thread().loop, threading.Event()
    thread.call_soon_threadsafe(busy.wait)
    opening = asyncio.create_task(acompletion(MODEL, MESSAGES, stream=True))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    busy.set()
    loop_thread().run(asyncio.sleep(0))
    assert server.log == []


@pytest.mark.parametrize("stream", [False, True])
async def test_errors_are_those_of_the_api(stream: bool, server: ProviderServer) -> None:
    server.script(status(401))
    with pytest.raises(AuthenticationError):
        completion(MODEL, MESSAGES, stream=stream)
    with pytest.raises(AuthenticationError):
        await acompletion(MODEL, MESSAGES, stream=stream)


def test_additional_parameters_are_sent_and_win(server: ProviderServer) -> None:
    more = '{"temperature": 0.1, "top_p": 0.9, "house_rule": {"tea": null}}'
    completion(MODEL, MESSAGES, temperature=0.7, max_tokens=100, additional_params=more)
    assert server.log[0].json == {
        "model": "gpt-3.5-turbo",
        "messages": MESSAGES,
        "temperature": 0.1,
        "max_tokens": 100,
        "top_p": 0.9,
        "house_rule": {"tea": None},
    }


async def test_usage_can_be_asked_for_by_additional_parameters(server: ProviderServer) -> None:
    server.reply("one two", usage={"prompt_tokens": 5, "completion_tokens": 2})
    stream = await acompletion(
        MODEL, MESSAGES, stream=True, additional_params='{"stream_options": {"include_usage": true}}'
    )
    *others, last = stream
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    assert not any("usage" in chunk for chunk in others)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('{"top_p": ', "cannot be read: .*truncated"),
        ("[1, 2]", "is JSON, but not of an object"),
        ("null", "is JSON, but not of an object"),
        ("", "cannot be read"),
        ({"top_p": 0.9}, "is a dict"),
        ('{"stream": true}', "holds 'stream', which is an argument of its own"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_wrong_additional_parameters_send_nothing(
    given: Any, said: str, stream: bool, server: ProviderServer
) -> None:
    with pytest.raises(BadRequestError, match=f"^additional_params {said}") as caught:
        completion(MODEL, MESSAGES, stream=stream, additional_params=given)
    assert caught.value.param == "additional_params"
    with pytest.raises(BadRequestError, match=f"^additional_params {said}"):
        await acompletion(MODEL, MESSAGES, stream=stream, additional_params=given)
    assert server.log == []


@pytest.mark.parametrize("path", ["/elsewhere/v1", "/elsewhere/v1/chat/completions"])
def test_the_base_url_may_end_in_the_path_of_the_chat_endpoint(path: str, server: ProviderServer) -> None:
    server.script(json200())
    completion(MODEL, MESSAGES, base_url=server.url + path)
    assert server.log[0].path == "/elsewhere/v1/chat/completions"
