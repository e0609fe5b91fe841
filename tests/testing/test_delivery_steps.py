from __future__ import annotations

import zlib
from typing import Any

import aiohttp
import pytest

from aiollm.testing import (
    ProviderServer,
    ScriptError,
    bomb,
    bytewise,
    comment,
    cr,
    crlf,
    cut,
    cut_at,
    deflate,
    done,
    drip,
    event,
    fin,
    gzip,
    headers,
    raw,
    split,
    stall,
    status,
)
from tests.testing.raw_client import CHAT, answer_to, connected, request_bytes

TEXT = b"data: one\n\ndata: two\n\n"


@pytest.mark.parametrize(
    ("step", "pieces"),
    [
        (bytewise(raw(b"abc")), [b"a", b"b", b"c"]),
        (split(2, raw(b"abc"), raw(b"de")), [b"ab", b"cd", b"e"]),
        (split(2, raw(b"abcd")), [b"ab", b"cd"]),
        (cut_at([1, 4], raw(b"abc"), raw(b"def")), [b"a", b"bcd", b"ef"]),
        (cut_at([], event("one"), event("two")), [TEXT]),
        (cut_at([99], raw(b"abc")), [b"abc"]),
        (cut_at([4, 1], raw(b"abcdef")), [b"a", b"bcd", b"ef"]),
        (split(3, bytewise(raw(b"abcd"))), [b"abc", b"d"]),
        (bytewise(raw("ü".encode())), [b"\xc3", b"\xbc"]),
    ],
)
async def test_pieces_are_cut_as_told_and_read_one_by_one(step: Any, pieces: list[bytes]) -> None:
    answer = await answer_to(step)
    assert answer.chunks == [*pieces, b""]
    assert answer.reads[1:] == [*(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"]


async def test_a_gap_lies_between_pieces() -> None:
    async with ProviderServer() as server:
        server.script(bytewise(raw(b"abc"), gap=0.02))
        async with connected(server) as connection:
            connection.send(request_bytes(head="Connection: close\r\n"))
            await connection.answer()
        request = server.log[0]
        assert request.finished_at is not None
        assert request.finished_at - request.received_at >= 0.04


async def test_a_drip_takes_as_long_as_its_rate_says() -> None:
    async with ProviderServer() as server:
        server.script(drip(100, raw(b"0123456789")))
        async with connected(server) as connection:
            connection.send(request_bytes(head="Connection: close\r\n"))
            answer = await connection.answer()
        request = server.log[0]
        assert request.finished_at is not None
        assert request.finished_at - request.received_at >= 0.08
    assert answer.chunks == [b"01", b"23", b"45", b"67", b"89", b""]


@pytest.mark.parametrize(("step", "end"), [(crlf, b"\r\n"), (cr, b"\r")])
async def test_line_ends_are_changed(step: Any, end: bytes) -> None:
    answer = await answer_to(step(event("one"), comment("beat"), event("two")))
    assert answer.body == b"data: one\n\n: beat\n\ndata: two\n\n".replace(b"\n", end)


async def test_a_crlf_can_be_cut_in_its_middle() -> None:
    answer = await answer_to(cut_at([10], crlf(event("one"))))
    assert answer.chunks == [b"data: one\r", b"\n\r\n", b""]


@pytest.mark.parametrize(
    ("step", "encoding", "window_bits"),
    [
        (gzip(event("one"), event("two")), "gzip", 31),
        (deflate(event("one"), event("two")), "deflate", 15),
        (deflate(event("one"), event("two"), zlib_header=False), "deflate", -15),
    ],
)
async def test_each_compressed_event_can_be_read_at_once(step: Any, encoding: str, window_bits: int) -> None:
    async with ProviderServer() as server:
        server.script([step])
        async with connected(server) as connection:
            connection.send(request_bytes(head="Connection: close\r\n"))
            answer = await connection.answer()
    assert answer.fields["content-encoding"] == encoding
    inflater = zlib.decompressobj(window_bits)
    assert [inflater.decompress(chunk) for chunk in answer.chunks[:2]] == [b"data: one\n\n", b"data: two\n\n"]
    inflater.decompress(b"".join(answer.chunks[2:]))
    assert inflater.eof


async def test_compressed_bytes_can_be_cut() -> None:
    answer = await answer_to(bytewise(gzip(event("one"))))
    assert {len(chunk) for chunk in answer.chunks} == {0, 1}
    assert answer.body == b"data: one\n\n"


async def test_an_ending_inside_completes_the_compressed_body_first() -> None:
    answer = await answer_to(gzip(event("one"), fin()))
    assert answer.body == b"data: one\n\n"
    assert answer.ended_cleanly


async def test_a_whole_answer_can_be_compressed() -> None:
    answer = await answer_to(gzip(status(500, body={"a": 1})))
    assert answer.status_line == "HTTP/1.1 500 Internal Server Error"
    assert "content-length" not in answer.fields
    assert answer.body == b'{"a": 1}'


async def test_compression_can_follow_a_head_that_says_so() -> None:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        server.script(
            [headers({"Content-Encoding": "gzip"}, status=500, content_type="application/json"), gzip(raw(b"{}"))]
        )
        async with client.post(server.base_url, json=CHAT) as response:
            assert (response.status, await response.json()) == (500, {})


async def test_a_cut_inside_leaves_the_compressed_body_unfinished() -> None:
    answer = await answer_to(gzip(event("one"), cut()))
    inflater = zlib.decompressobj(31)
    assert inflater.decompress(b"".join(answer.chunks)) == b"data: one\n\n"
    assert not inflater.eof
    assert not answer.ended_cleanly


async def test_compression_after_a_head_that_does_not_say_so_is_an_error() -> None:
    with pytest.raises(ScriptError, match="this step needs Content-Encoding: gzip"):
        await answer_to(headers(), gzip(done()))


async def test_a_bomb_is_small_on_the_wire_and_large_inside() -> None:
    answer = await answer_to(bomb(5_000_000))
    assert len(answer.data) < 20_000
    assert answer.body == b"data: " + b"x" * 5_000_000 + b"\n\n"


async def test_steps_that_wait_inside_hold_what_is_not_yet_cut() -> None:
    answer = await answer_to(cut_at([3], raw(b"ab"), stall(0.01), raw(b"cd")))
    assert answer.chunks == [b"abc", b"d", b""]


async def test_a_status_inside_a_delivery_keeps_its_length() -> None:
    answer = await answer_to(bytewise(status(500, body="broken")))
    assert answer.fields["content-length"] == "6"
    assert answer.payload == b"broken"
