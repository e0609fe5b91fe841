from __future__ import annotations

import asyncio
import contextvars
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer, cut, done, finish, headers, raw, role, rst, silence, stall, status, tokens
from tests.engine.calling import arguments, text_of
from tests.engine.closing import ENDLESS, assert_left_soon

CLOSE_SECONDS = 0.1  # twice what the asynchronous stream has: a thread has to wake another


def opened(server: ProviderServer, **options: Any) -> aiollm.SyncStream:
    return aiollm.completion(**arguments(server, stream=True, **options))


def assert_closed_soon(server: ProviderServer, since: float) -> None:
    assert_left_soon(server.run(server.wait_for_disconnect(0)), since, CLOSE_SECONDS)


def test_a_for_loop_reads_all_of_it() -> None:
    with ProviderServer() as server:
        server.reply("one two three", usage={"prompt_tokens": 3, "completion_tokens": 3})
        stream = opened(server, stream_options={"include_usage": True})
        assert text_of(stream) == "one two three"
        assert stream.finish_reason == "stop"
        assert not stream.finish_inferred
        assert stream.usage.total_tokens == 6
        assert stream.closed
        assert stream.first_token > 0
        assert list(stream) == []


def test_next_reads_one_chunk_and_goes_on_later() -> None:
    with ProviderServer() as server:
        server.script([role(), tokens("a b c", gap=0.01), finish(), done()])
        stream = opened(server)
        first = [next(stream), next(stream)]
        assert not stream.closed
        assert text_of([*first, *stream]) == "a b c"
        with pytest.raises(StopIteration):
            next(stream)


def test_break_closes_at_once_though_the_variable_is_kept() -> None:
    with ProviderServer() as server:
        server.script(ENDLESS)
        stream = opened(server)
        for _ in stream:
            break
        assert_closed_soon(server, time.monotonic())
        assert stream.closed
        assert list(stream) == []


def test_an_exception_in_the_loop_closes_at_once() -> None:
    with ProviderServer() as server:
        server.script(ENDLESS)
        stream = opened(server)

        def read() -> None:
            for _ in stream:
                raise LookupError

        with pytest.raises(LookupError):
            read()
        assert_closed_soon(server, time.monotonic())


@pytest.mark.parametrize("how", ["close", "with", "del"])
def test_the_other_ways_to_leave_close_at_once(how: str) -> None:
    with ProviderServer() as server:
        server.script(ENDLESS)
        stream = opened(server)
        next(stream)
        since = time.monotonic()
        if how == "close":
            stream.close()
            stream.close()
        elif how == "with":
            with stream:
                pass
        else:
            del stream
        assert_closed_soon(server, since)


def test_closing_from_another_thread_wakes_the_reader() -> None:
    with ProviderServer() as server:
        server.script(ENDLESS)
        stream = opened(server)
        chunks = [next(stream) for _ in range(4)]
        closer = threading.Timer(0.1, stream.close)
        closer.start()
        with pytest.raises(aiollm.StreamCancelled):
            next(stream)
        closer.join()
        assert text_of(chunks) == "one two three"
        assert_closed_soon(server, time.monotonic())


@pytest.mark.parametrize("read", [list, next], ids=["for", "next"])
def test_who_does_not_wait_just_then_hears_too_that_another_thread_has_closed(
    read: Callable[[aiollm.SyncStream], object],
) -> None:
    with ProviderServer() as server:
        server.script(ENDLESS)
        stream = opened(server)
        next(stream)
        closer = threading.Thread(target=stream.close)
        closer.start()
        closer.join()

        def read_on() -> None:
            for _ in range(10):  # what had come before is read first
                read(stream)

        with pytest.raises(aiollm.StreamCancelled):
            read_on()
        assert list(stream) == []


def test_thirty_two_threads_read_at_once() -> None:
    texts: list[str] = []
    with ProviderServer() as server:
        server.script([role(), tokens("a b c d e", gap=0.01), finish(), done()])

        def read() -> None:
            for _ in range(3):
                texts.append(text_of(opened(server)))
                texts.append(aiollm.completion(**arguments(server, mock_response="m")).choices[0].message.content)

        threads = [threading.Thread(target=read) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(texts) == ["a b c d e"] * 96 + ["m"] * 96
        assert sum(thread.name == "aiollm-loop" for thread in threading.enumerate()) == 1


async def test_it_works_inside_a_running_loop() -> None:
    with ProviderServer() as server:
        server.reply("one two")
        assert text_of(opened(server)) == "one two"
        assert aiollm.completion(**arguments(server)).choices[0].message.content == "one two"


def test_it_works_again_and_again_also_between_runs() -> None:
    async def inside(server: ProviderServer) -> str:
        return text_of(opened(server))

    with ProviderServer() as server:
        server.reply("one two")
        for _ in range(5):
            assert text_of(opened(server)) == "one two"
            assert asyncio.run(inside(server)) == "one two"
        assert server.connections == 1


@pytest.mark.parametrize("stream", [True, False])
def test_errors_are_raised_in_the_callers_thread(stream: bool) -> None:
    with ProviderServer() as server:
        server.script(status(429, retry_after=3))
        with pytest.raises(aiollm.RateLimitError) as caught:
            aiollm.completion(**arguments(server, stream=stream))
        assert caught.value.retry_after == 3
        shown = "".join(traceback.format_exception(caught.value))
        assert "test_errors_are_raised_in_the_callers_thread" in shown


def test_an_error_in_mid_stream_comes_after_the_chunks_and_once() -> None:
    with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall(0.05), rst()])
        stream = opened(server)
        chunks: deque[Any] = deque()
        with pytest.raises(aiollm.StreamInterrupted) as caught:
            chunks.extend(stream)
        assert text_of(chunks) == "a b"
        assert caught.value.partial.choices[0].message.content == "a b"
        assert list(stream) == []


def test_arguments_are_checked_before_any_thread() -> None:
    with pytest.raises(aiollm.BadRequestError, match="messages is empty"):
        aiollm.completion(model="openai/x", messages=[], api_key="k", stream=True)
    with pytest.raises(aiollm.BadRequestError, match="messages is empty"):
        aiollm.completion(model="openai/x", messages=[], api_key="k")


def test_a_timeout_is_raised_in_time() -> None:
    with ProviderServer() as server:
        server.script(silence())
        with pytest.raises(aiollm.Timeout):
            opened(server, timeout=0.1)
        with pytest.raises(aiollm.Timeout):
            aiollm.completion(**arguments(server, timeout=0.1))
        server.run(server.wait_for_disconnect(1))


def test_context_variables_of_the_caller_are_seen_by_the_call() -> None:
    seen: list[str] = []
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")

    class Messages(list[Any]):
        def __iter__(self) -> Any:
            seen.append(f"{name.get()} on {threading.current_thread().name}")
            return super().__iter__()

    name.set("somebody")
    with ProviderServer() as server:
        list(opened(server, messages=Messages([{"role": "user", "content": "hi"}])))
    assert seen[0] == "somebody on aiollm-loop"


def test_a_slow_reader_holds_the_provider_back() -> None:
    size = 64 * 1024 * 1024
    piece = b"data: " + b'{"choices":[{"index":0,"delta":{"content":"' + b"x" * 60_000 + b'"}}]}\n\n'
    with ProviderServer() as server:
        server.script([headers(), role(), *[raw(piece)] * (size // len(piece)), finish(), done()])
        stream = opened(server)
        next(stream)
        written = [-1, 0]
        while written[-1] != written[-2]:
            time.sleep(0.3)
            written.append(server.log[0].bytes_written)
        # What the operating system's own buffers hold is more than ours, and neither grows.
        assert written[-1] < 24 * 1024 * 1024
        rest = sum(len(chunk.choices[0].delta.content or "") for chunk in stream)
        assert rest == 60_000 * (size // len(piece))


def test_the_repr_tells_where_it_stands() -> None:
    with ProviderServer() as server:
        server.script([role(), tokens("a"), cut()])
        stream = opened(server)
        assert repr(stream).startswith("<SyncStream openai/scripted ")
        stream.close()


def test_the_replys_headers_are_known() -> None:
    with ProviderServer() as server:
        server.script([headers({"x-request-id": "req-1"}), role(), tokens("a"), finish(), done()])
        stream = opened(server)
        list(stream)
        assert stream.request_id == "req-1"
        assert stream.head.status == 200
        assert stream._hidden_params["custom_llm_provider"] == "openai"
