"""Replies of real servers with something broken in them end well or with an error of ours, and in linear work."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aiollm
from aiollm.exceptions import APIError
from aiollm.testing import ProviderServer, Step, cut, fin, headers, raw, split
from aiollm.types import lenient
from aiollm.wire.ndjson import NDJSONFramer
from tests.dialects.reading import cut as cut_at
from tests.dialects.reading import decode, read
from tests.engine.calling import answered, collected, opened, pool_facts
from tests.profiles import SCALE
from tests.property.mutations import STREAMS, WHOLE, WORDS, mutated, shortened

OVER_SOCKETS = 50 * SCALE
PATIENCE = 10.0  # seconds for one reply


@given(mutated(STREAMS), st.lists(st.integers(0, 6000), max_size=8))
def test_a_broken_stream_ends_well_or_with_a_documented_error(body: bytes, places: list[int]) -> None:
    whole = read([body])
    assert whole.error is None or isinstance(whole.error, APIError)
    assert read(cut_at(body, places)).outcome == whole.outcome
    assert sum(len(whole.text(choice)) for choice in whole.finishes) <= len(body)


@given(mutated(WHOLE))
def test_a_broken_whole_reply_is_an_answer_or_a_documented_error(body: bytes) -> None:
    with contextlib.suppress(APIError):
        decode(body).model_dump_json()


def broken(chance: random.Random, bodies: list[bytes]) -> bytes:
    """A reply in which a few places were overwritten."""
    body = shortened(chance.choice(bodies))
    for _ in range(chance.randint(0, 3)):
        place = chance.randrange(len(body))
        body = body[:place] + chance.choice(WORDS) + body[place + chance.choice([0, 1, 30]) :]
    return body


def script(chance: random.Random, body: bytes, content_type: str) -> list[Step]:
    end = chance.choice([fin(), fin(), cut()])
    return [headers(content_type=content_type), split(chance.choice([40, 700, 9000]), raw(body)), end]


async def stream_whole(server: ProviderServer) -> None:
    _, error = await collected(await opened(server))
    if error is not None:
        raise error


async def whole_reply(server: ProviderServer) -> None:
    assert isinstance(await answered(server), aiollm.ModelResponse)


@pytest.mark.parametrize(
    ("ask", "bodies", "content_type"),
    [(stream_whole, STREAMS, "text/event-stream"), (whole_reply, WHOLE, "application/json")],
    ids=["streamed", "whole"],
)
async def test_broken_replies_over_a_socket_end_well_or_with_a_documented_error(
    ask: Callable[[ProviderServer], Awaitable[None]], bodies: list[bytes], content_type: str
) -> None:
    async with ProviderServer() as server:
        for number in range(OVER_SOCKETS):
            chance = random.Random(number)
            body = broken(chance, bodies) if number % 4 else chance.randbytes(200)
            server.enqueue(script(chance, body, content_type))
            error: APIError | None = None
            try:
                async with asyncio.timeout(PATIENCE):
                    await ask(server)
            except APIError as caught:
                error = caught
            assert error is None or error.host, f"reply {number}: {error!r}"
            assert pool_facts()["active"] == 0


def work(action: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> int:
    """How much is done: calls of any function, in Python and in C, and bytes of JSON parsed."""
    done = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal done
        done += event in ("call", "c_call")

    def parsing(data: bytes | str, **options: Any) -> Any:
        nonlocal done
        done += len(data)
        return decode_json(data, **options)

    decode_json = lenient.msgspec.json.decode
    with monkeypatch.context() as patch:
        patch.setattr(lenient.msgspec.json, "decode", parsing)
        before = sys.getprofile()
        sys.setprofile(called)
        try:
            action()
        finally:
            sys.setprofile(before)
    return done


def in_lines(body: bytes) -> None:
    framer = NDJSONFramer()
    for piece in pieces(body):
        for _ in framer.feed(piece):
            pass
    list(framer.finish())


def as_stream(body: bytes) -> None:
    read(pieces(body))


def pieces(body: bytes) -> list[bytes]:
    return [body[start : start + 16] for start in range(0, len(body), 16)]


CHOICE = b'data: {"choices":[{"index":0,"delta":{%s}}]}\n\n'
CALL = b'"tool_calls":[{"index":0,"function":{"name":"f","arguments":"%s"}}]'


@pytest.mark.parametrize(
    ("read_all", "unit"),
    [
        pytest.param(in_lines, b'{"a": 1}\n', id="lines of JSON"),
        pytest.param(in_lines, b"x", id="one line"),
        pytest.param(in_lines, b"\r \n", id="white space"),
        pytest.param(as_stream, CHOICE % b'"content":"a"', id="text"),
        pytest.param(as_stream, CHOICE % b'"role":"assistant"', id="roles"),
        pytest.param(as_stream, CHOICE % CALL % b",{}", id="a repeated name and brackets"),
        pytest.param(as_stream, CHOICE % CALL % b"{}", id="whole calls under one name"),
        pytest.param(as_stream, b'data: {"odd":[1]}\n\n', id="events without choices"),
        pytest.param(as_stream, b'data: {"usage":{"prompt_tokens":1}}\n\n', id="usage"),
        pytest.param(as_stream, b"data: {}\n", id="single-newline events"),
        pytest.param(as_stream, b"[", id="brackets"),
        pytest.param(as_stream, b"{}\n", id="bare JSON"),
        pytest.param(as_stream, b"data: 1\n: \n", id="one event of many lines"),
    ],
)
def test_the_work_is_linear_in_the_bytes(
    read_all: Callable[[bytes], None], unit: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = (
        work(lambda size=size: read_all(unit * (size // len(unit))), monkeypatch) for size in (8_000, 32_000)
    )
    assert large <= 4.4 * small + 1000
