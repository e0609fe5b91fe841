from __future__ import annotations

from typing import Any

import pytest

from aiollm.testing import (
    ProviderServer,
    bad_json,
    bom,
    comment,
    event,
    id_only,
    multiline,
    raw,
    retry_only,
    unterminated,
    wire,
)
from tests.testing.raw_client import answer_to, connected, request_bytes


@pytest.mark.parametrize(
    ("step", "data"),
    [
        (event("hi"), b"data: hi\n\n"),
        (event({"a": "ü", "b": 1}), 'data: {"a":"ü","b":1}\n\n'.encode()),
        (event(b"\xff"), b"data: \xff\n\n"),
        (event("hi", event="ping", id="7"), b"event: ping\nid: 7\ndata: hi\n\n"),
        (event("a\nb"), b"data: a\ndata: b\n\n"),
        (multiline('{"a":', "1}"), b'data: {"a":\ndata: 1}\n\n'),
        (bad_json("{"), b"data: {\n\n"),
        (unterminated("hi"), b"data: hi\n"),
        (raw(b"\x00any"), b"\x00any"),
        (comment("beat"), b": beat\n\n"),
        (retry_only(500), b"retry: 500\n\n"),
        (id_only("9"), b"id: 9\n\n"),
        (bom(), b"\xef\xbb\xbf"),
    ],
)
async def test_the_bytes_of_each_step(step: Any, data: bytes) -> None:
    answer = await answer_to(step)
    assert answer.body == data
    assert answer.ended_cleanly


async def test_events_are_counted_and_other_blocks_are_not() -> None:
    async with ProviderServer() as server:
        server.script(
            [bom(), comment(), event("1"), retry_only(), multiline("2", "3"), id_only(), bad_json(), raw(b"x")]
        )
        async with connected(server) as connection:
            connection.send(request_bytes(head="Connection: close\r\n"))
            await connection.answer()
        assert server.log[0].events_written == 3


async def test_wire_stands_in_place_of_the_head_and_closes_at_the_end() -> None:
    async with ProviderServer() as server:
        server.script(wire(b"HTTP/1.1 banana\r\n\r\n"))
        async with connected(server) as connection:
            connection.send(request_bytes())
            answer = await connection.answer()
    assert answer.data == b"HTTP/1.1 banana\r\n\r\n"


async def test_wire_in_the_body_is_outside_its_chunks() -> None:
    answer = await answer_to(raw(b"a"), wire(b"zz\r\nbroken"))
    assert answer.payload == b"1\r\na\r\nzz\r\nbroken0\r\n\r\n"
