"""Many threads at once: with loops of their own, and with the blocking client."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable

import pytest

import aiollm
from aiollm.sync.thread import loop_thread
from aiollm.testing import ProviderServer, cut, done, finish, reply, role, stall, tokens
from aiollm.testing.log import LoggedRequest
from tests.engine.calling import arguments, collected, opened, pool_facts, text_of

SCRIPTS = {
    "right": [role(), tokens("a b c", gap=0.001), finish(), done()],
    "left": [role(), tokens("a b"), stall()],
    "cut": [role(), tokens("a b"), cut()],
    "whole": reply("a b c"),
}


def script(request: LoggedRequest) -> object:
    return SCRIPTS[request.member("user")]


def together(count: int, work: Callable[[int], None]) -> None:
    """Run the work in so many threads at once, and raise what one of them raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait(20)
            work(number)
        except BaseException as error:  # noqa: BLE001  # it is raised again, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def kinds(number: int, count: int) -> list[str]:
    return random.Random(number).choices(list(SCRIPTS), k=count)


def one_blocking_call(server: ProviderServer, kind: str) -> None:
    if kind == "whole":
        assert aiollm.completion(**arguments(server, user=kind)).choices[0].message.content == "a b c"
        return
    stream = aiollm.completion(**arguments(server, user=kind, stream=True))
    if kind == "left":
        for _ in stream:
            break
    elif kind == "cut":
        with pytest.raises(aiollm.StreamInterrupted) as caught:
            list(stream)
        assert caught.value.partial.choices[0].message.content == "a b"
    else:
        assert text_of(stream) == "a b c"


async def one_call(server: ProviderServer, kind: str) -> None:
    if kind == "whole":
        response = await aiollm.acompletion(**arguments(server, user=kind))
        assert response.choices[0].message.content == "a b c"
        return
    stream = await opened(server, user=kind)
    if kind == "left":
        async for _ in stream:
            break
    else:
        chunks, error = await collected(stream)
        assert text_of(chunks) == ("a b" if kind == "cut" else "a b c")
        assert isinstance(error, aiollm.StreamInterrupted) == (kind == "cut")


@pytest.mark.parametrize(("threads", "calls"), [(32, 6), (8, 24)])
def test_threads_share_the_blocking_client(threads: int, calls: int) -> None:
    with ProviderServer() as server:
        server.script(script)

        def work(number: int) -> None:
            for kind in kinds(number, calls):
                one_blocking_call(server, kind)

        together(threads, work)
        assert_all_ended(server, threads, calls)

        async def active() -> int:
            return pool_facts()["active"]

        assert loop_thread().run(active()) == 0


def test_threads_with_loops_of_their_own_work_beside_the_blocking_client() -> None:
    with ProviderServer() as server:
        server.script(script)

        async def run(number: int) -> None:
            for kind in kinds(number, 24):
                await one_call(server, kind)
            assert pool_facts()["active"] == 0

        def work(number: int) -> None:
            if number % 2:
                asyncio.run(run(number))
            else:
                for kind in kinds(number, 24):
                    one_blocking_call(server, kind)

        together(8, work)
        assert_all_ended(server, 8, 24)


def assert_all_ended(server: ProviderServer, threads: int, calls: int) -> None:
    """Each call reached the provider once, and the provider saw the end of each that was left."""
    expected = Counter(kind for number in range(threads) for kind in kinds(number, calls))
    assert Counter(request.member("user") for request in server.log) == expected
    for request in list(server.log):
        if request.member("user") == "left":
            ended = server.run(server.wait_for_disconnect(request.index))
            assert ended.disconnected_by == "client"
