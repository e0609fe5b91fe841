"""Streams on their way to the client: heartbeats in silence, the head with the first content, and slow readers."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from aiollm.core.runtime import Runtime
from aiollm.core.transport import Exchange
from aiollm.proxy import connection
from aiollm.testing import ProviderServer, delta, finish, raw, role, stall, status, tokens
from aiollm.testing.event_steps import event_bytes
from tests.proxy.serving import MASTER, Proxy, config, running


async def test_the_head_of_a_silent_stream_goes_out_early_with_the_id_of_the_request(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiollm.proxy.answering.SILENCE_SECONDS", 0.1)
    proxy.provider.script([role(), stall(0.35), tokens("at last"), finish("stop")])
    async with proxy.chat(stream=True) as reply:
        first = await reply.content.readany()
        rest = await reply.text()
    assert reply.status == 200
    assert len(reply.headers["x-request-id"]) == 32
    assert first == b": keep-alive\n\n"
    assert rest.startswith(": keep-alive\n\n")
    assert rest.endswith("data: [DONE]\n\n")


async def test_an_error_after_the_early_head_is_a_frame(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiollm.proxy.answering.SILENCE_SECONDS", 0.1)
    proxy.provider.script([role(), stall(0.25)])
    async with proxy.chat(stream=True) as reply:
        text = await reply.text()
    assert reply.status == 200
    beats, _, frame = text.rstrip().rpartition("\n\n")
    assert set(beats.split("\n\n")) == {": keep-alive"}
    assert json.loads(frame.removeprefix("data: "))["error"]["code"] == "upstream_truncated"


async def test_messages_have_pings_for_heartbeats(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiollm.proxy.answering.SILENCE_SECONDS", 0.1)
    proxy.provider.script([role(), tokens("so far"), stall(0.25), tokens("so good"), finish("stop")])
    asked = {"model": "fast", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stream": True}
    async with proxy.post("/v1/messages", asked) as reply:
        text = await reply.text()
    assert text.count("event: ping\n") >= 1
    assert text.index("event: message_start") < text.index("event: ping")


async def test_a_quick_refusal_has_its_status_although_heartbeats_are_on(proxy: Proxy) -> None:
    proxy.provider.script(status(401))
    async with proxy.chat(stream=True) as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"]) == (502, "upstream_auth_failed")


async def test_paced_pieces_are_sent_one_by_one(proxy: Proxy) -> None:
    proxy.provider.script([role(), tokens("a b c d", gap=0.03), finish("stop")])
    reads = []
    async with proxy.chat(stream=True) as reply:
        while data := await reply.content.readany():
            reads.append(data.count(b"data: "))
    assert len(reads) >= 4


def slow_reader(port: int) -> socket.socket:
    """Ask for a stream, and read nothing of it."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", port))
    body = json.dumps({"model": "fast", "messages": [{"role": "user", "content": "hi"}], "stream": True})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {MASTER}\r\n"
    reader.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return reader


@pytest.mark.parametrize("length", [200, 8192])
async def test_what_is_held_for_a_reader_that_is_slow_is_bounded(
    provider: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    guards: list[connection.ConnectionGuard] = []
    accept = connection.Connections.accept

    def noting(connections: connection.Connections) -> connection.ConnectionGuard:
        guards.append(accept(connections))
        return guards[-1]

    monkeypatch.setattr(connection.Connections, "accept", noting)
    one = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    text = {**one, "choices": [{"index": 0, "delta": {"content": "x" * length}, "finish_reason": None}]}
    provider.script([role(), raw(event_bytes(text) * (16_000_000 // length))])
    async with running(config(provider), provider, tmp_path) as proxy:
        reader = slow_reader(proxy.port)
        held: list[int] = []
        try:
            async with asyncio.timeout(20):
                while len(held) < 50:
                    await asyncio.sleep(0.002)
                    if guards and guards[0]._paused_since is not None:
                        held.append(_held(guards[0]))
        finally:
            reader.close()
        await proxy.gateway.live.wait_empty()
    assert connection.WAITING_BYTES < max(held) < 256 * 1024


def _held(guard: connection.ConnectionGuard) -> int:
    """How many bytes are held for a client, and not read yet of its upstream."""
    (exchange,) = Runtime.current().pool.exchanges
    assert isinstance(exchange, Exchange)
    assert exchange._reply is not None
    assert guard._transport is not None
    return exchange._reply.content._size + guard._transport.get_write_buffer_size()


async def test_a_reader_that_is_slow_pauses_the_provider_and_is_cut(
    provider: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(connection, "SWEEP_SECONDS", 0.05)
    pieces = 2000
    provider.script([role(), *[delta({"content": "x" * 8192}) for _ in range(pieces)], finish("stop")])
    async with running(config(provider), provider, tmp_path) as proxy:
        reader = slow_reader(proxy.port)
        try:
            async with asyncio.timeout(20):
                await provider.wait_for_disconnect(timeout=20)
                await proxy.gateway.live.wait_empty()
        finally:
            reader.close()
        (row,) = await proxy.rows()
    assert (row.status, row.code) == ("cancelled", "client_too_slow")
    assert provider.log[0].finished_at is None
