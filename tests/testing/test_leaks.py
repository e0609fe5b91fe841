from __future__ import annotations

import asyncio
import threading

import pytest

import aiollm
from aiollm.testing import LeakError, ProviderServer, leaks, no_leaks, role, stall, tokens

MESSAGES = [{"role": "user", "content": "Hello!"}]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "GRACE_SECONDS", 0.05)


async def opened(server: ProviderServer) -> aiollm.ChunkStream:
    server.script([role(), tokens("a b"), stall()])
    return await aiollm.acompletion("openai/any", MESSAGES, stream=True, api_base=server.base_url, api_key="none")


async def test_a_stream_that_is_left_open_is_told() -> None:
    async with ProviderServer() as server:
        with pytest.raises(LeakError, match="1 open stream"):
            async with no_leaks():
                stream = await opened(server)
        await stream.aclose()


async def test_a_stream_that_was_open_before_is_not() -> None:
    async with ProviderServer() as server:
        stream = await opened(server)
        async with no_leaks():
            pass
        await stream.aclose()


async def test_a_task_that_is_left_is_told() -> None:
    with pytest.raises(LeakError, match="'lost'"):
        async with no_leaks():
            task = asyncio.create_task(asyncio.sleep(60), name="lost")
    task.cancel()


def test_a_thread_that_is_left_is_told() -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="lost")
    with pytest.raises(LeakError, match="'lost'"), no_leaks():
        thread.start()
    end.set()
    thread.join()


def test_what_ends_soon_is_no_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "GRACE_SECONDS", 30)
    end = threading.Event()
    timer = threading.Timer(0.01, end.set)
    with no_leaks():
        timer.start()
    assert end.is_set()


async def test_what_the_block_raises_goes_before() -> None:
    with pytest.raises(KeyError):
        await failing()
    with pytest.raises(KeyError), no_leaks():
        raise KeyError


async def failing() -> None:
    async with no_leaks():
        asyncio.create_task(asyncio.sleep(0.01))  # noqa: RUF006  # it is left on purpose
        raise KeyError
