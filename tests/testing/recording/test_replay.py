"""What a real server answered, recorded and answered again, through real sockets."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import pytest

import aiollm
from aiollm.testing import (
    Exchange,
    Headers,
    LoggedRequest,
    ProviderServer,
    ScriptError,
    Steps,
    bytewise,
    close_delimited,
    cut,
    finish,
    record,
    replay,
    reply,
    role,
    rst,
    run_in_virtual_time,
    status,
    tokens,
)
from aiollm.testing.recording.file import read_recording
from tests.testing.raw_client import ask as raw_ask
from tests.testing.raw_client import request_bytes

MESSAGES = [{"role": "user", "content": "Hello!"}]
KEY = "canary-0123456789-key"


class Nowhere:
    """A connection that takes everything: only the waits are looked at."""

    close_next = None
    close_after = None

    async def write(self, data: bytes) -> None: ...

    def close(self, how: Any) -> None: ...


async def ask(server: ProviderServer, **options: Any) -> list[str]:
    """Return the texts that came, and how it ended."""
    asked = {"model": "openai/gpt-4o", "messages": MESSAGES, "api_base": server.base_url, "api_key": KEY}
    texts: list[str] = []
    try:
        async for chunk in await aiollm.acompletion(**{**asked, "stream": True, "num_retries": 0, **options}):
            texts += [choice.delta.content for choice in chunk.choices if choice.delta.content]
    except aiollm.APIError as error:
        texts.append(f"{type(error).__name__} {error.status_code}")
    return texts


async def recorded(script: Any, path: Path) -> list[str]:
    async with ProviderServer() as real, ProviderServer() as between:
        real.script(script)
        between.script(record(real.url, path))
        return await ask(between)


async def replayed(path: Path) -> list[str]:
    async with ProviderServer() as server:
        server.script(replay(path, speed=math.inf))
        return await ask(server)


@pytest.mark.parametrize(
    "script",
    [
        reply("one two three"),
        [bytewise(role(), tokens("é a"), finish())],
        [role(), tokens("so far"), cut()],
        [role(), tokens("so far", gap=0.01), rst()],
        [close_delimited(), role(), tokens("to the end"), finish()],
        status(429, retry_after=1),
        status(200, body={"choices": [{"message": {"role": "assistant", "content": "whole"}}]}),
        rst(),
    ],
    ids=["stream", "bytewise", "cut", "reset", "without a length", "refused", "whole", "reset at once"],
)
async def test_an_answer_is_the_same_when_it_is_replayed(script: Steps, tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    first = await recorded(script, path)
    assert await replayed(path) == first != []


async def test_the_bytes_are_cut_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    await recorded([bytewise(role(), tokens("a b")), finish()], path)
    (exchange,) = read_recording(path)
    assert {len(piece.data) for piece in exchange.pieces[:-1]} == {1}
    assert exchange.ending == "end"
    async with ProviderServer() as server:
        server.script(replay(path, speed=math.inf))
        answer = await raw_ask(server, request_bytes(json.loads(exchange.request_body), head="Connection: close\r\n"))
    assert answer.chunks[:-1] == [piece.data for piece in exchange.pieces]


async def test_no_secret_gets_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    await recorded(status(401, body=f"Incorrect API key: {KEY}"), path)
    text = path.read_text("utf-8")
    assert KEY not in text
    assert "authorization: ***" in text.lower()


def test_the_waits_are_those_that_were_recorded_over_the_speed(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    path.write_text(
        "# A recording of aiollm: x, y\n>>> POST /\n<<< 200 OK +40.0\n+20.0\n|a\n+10.0\n|b\n=== end +10.0\n", "utf-8"
    )

    async def timed() -> float:
        request = LoggedRequest(0, 0, "POST", "/", "1.1", Headers([]), b"", 0.0)
        await replay(path, speed=4).run(Exchange(request, Nowhere()))
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(timed()) == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"temperature": 0.5}, "differs from the recorded one in temperature"),
        ({"messages": [{"role": "user", "content": "Bye!"}]}, "in messages"),
    ],
)
async def test_a_request_that_was_not_recorded_is_told(options: dict[str, Any], fault: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    await recorded(reply("yes"), path)
    async with ProviderServer() as server:
        server.script(replay(path))
        await ask(server, **options)
        (error,) = server.errors
        server.errors.clear()
    assert isinstance(error, ScriptError)
    assert fault in str(error)


async def test_an_answer_is_given_once(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    await recorded(reply("yes"), path)
    async with ProviderServer() as server:
        server.script(replay(path, speed=math.inf))
        assert await ask(server) == ["yes"]
        await ask(server)
        assert "0 are left" in str(server.errors[0])
        server.errors.clear()


async def test_a_client_that_leaves_cuts_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    async with ProviderServer() as real, ProviderServer() as between:
        real.script([role(), tokens("a b c", gap=0.05), finish()])
        between.script(record(real.url, path))
        stream = await aiollm.acompletion(
            "openai/any", MESSAGES, stream=True, api_base=between.base_url, api_key="none"
        )
        await stream.aclose()
        await real.wait_for_disconnect(0)
    assert read_recording(path)[0].ending == "cut"


@pytest.mark.parametrize("upstream", ["api.openai.com", "ftp://host"])
def test_what_is_no_server_cannot_be_recorded(upstream: str, tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="no URL"):
        record(upstream, tmp_path / "answer.txt")
    with pytest.raises(ScriptError, match="speed"):
        replay(tmp_path / "answer.txt", speed=0)
