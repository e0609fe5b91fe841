"""An answer that is taken up again, read by a plain loop."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import aiollm
from aiollm import Client, Retry
from aiollm.testing import ProviderServer, cut, reply, role, silence, stall, status, tokens
from tests.engine.calling import arguments, text_of
from tests.engine.closing import assert_left_soon
from tests.middleware.test_recovery import broken, marker_of
from tests.sync.test_stream import CLOSE_SECONDS


def recovering(server: ProviderServer, **options: Any) -> aiollm.SyncStream:
    """A blocking stream under a client of its own."""
    given = arguments(server, stream=True, model="mistral/scripted", **options)
    return Client(retry=Retry(budget=None)).completion(**given)


@pytest.mark.parametrize(("policy", "rest", "whole"), [("restart", "anew", "anew"), ("continue", " goes", "so goes")])
def test_a_plain_loop_reads_both_parts(policy: str, rest: str, whole: str) -> None:
    with ProviderServer() as server:
        server.enqueue(broken(cut(), "so"), reply(rest))
        stream = recovering(server, mid_stream=policy)
        chunks = [*stream]
        place = marker_of(chunks)
        assert (text_of(chunks[:place]), text_of(chunks[place:])) == ("so", rest)
        assert aiollm.stream_chunk_builder(chunks).choices[0].message.content == whole
        assert [attempt.cause for attempt in stream.attempts] == ["first", policy]
        assert stream.closed


def test_the_stream_tells_who_answers_now() -> None:
    with ProviderServer() as server, ProviderServer() as second:
        server.enqueue(broken(cut(), "so"), status(503))
        second.reply(" goes")
        fallback = {"model": "hosted_vllm/other", "api_base": second.base_url}
        stream = recovering(server, mid_stream="restart", fallbacks=[fallback])
        assert aiollm.stream_chunk_builder([*stream]).choices[0].message.content == " goes"
        assert (stream.provider, stream.model, stream.head.status) == ("hosted_vllm", "other", 200)


def test_an_answer_that_cannot_be_taken_up_is_an_error() -> None:
    with ProviderServer() as server:
        server.enqueue(broken(cut(), "so"), [role(), cut()])
        stream = recovering(server, mid_stream="restart")
        with pytest.raises(aiollm.StreamInterrupted) as caught:
            list(stream)
        assert caught.value.partial.choices[0].message.content == "so"


def test_break_in_the_second_part_closes_at_once() -> None:
    with ProviderServer() as server:
        server.enqueue(broken(cut(), "so"), [role(), tokens("far"), stall(heartbeat=0.5)])
        for chunk in recovering(server, mid_stream="restart"):
            if chunk.recovery is not None:
                break
        assert_left_soon(server.run(server.wait_for_disconnect(1)), time.monotonic(), CLOSE_SECONDS)


def test_closing_from_another_thread_ends_the_wait_for_the_new_part() -> None:
    with ProviderServer() as server:
        server.enqueue(broken(cut(), "so"), silence())
        stream = recovering(server, mid_stream="restart")

        def close() -> None:
            server.run(server.wait_for(lambda: len(server.log) == 2))
            stream.close()

        closing = threading.Thread(target=close)
        closing.start()
        with pytest.raises(aiollm.StreamCancelled):
            list(stream)
        closing.join()
        assert_left_soon(server.run(server.wait_for_disconnect(1)), time.monotonic(), CLOSE_SECONDS)
