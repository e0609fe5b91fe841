"""Real processes that share limits, and what is left of one that is killed."""

import asyncio
import json
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.core.redis.sharing import LIFE, most_in_a_window, process
from tests.programs import environment
from tests.services.redis import RedisServer

DEADLINE = 30.0  # seconds; most of what is waited for is the start of an interpreter
HEAD = """
import asyncio, json, sys, time
from tests.core.redis.sharing import process, spend

url, name = sys.argv[1:]

def started():
    print("started", flush=True)
    return sys.stdin.readline()
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(redis_server: RedisServer) -> Iterator[Start]:
    """Return a function that starts a program beside the session's server, and returns when it is ready."""
    programs: list[subprocess.Popen[str]] = []

    def run(source: str, name: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", HEAD + textwrap.dedent(source), redis_server.url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        programs.append(program)
        return program

    yield run
    for program in programs:
        program.kill()
        program.communicate()


@pytest.mark.slow
def test_two_processes_redis_never_exceed(start: Start):
    """They start together, want all they can get, and differ: many small requests, and few large ones."""
    spender = """
    async def main():
        spent = []
        async with process(url, name, period=1.0, rpm=200, tpm=20_000) as gate:
            started()
            until = time.monotonic() + 3
            await asyncio.gather(*(spend(gate, spent, until, tokens) for tokens in TOKENS))
        print(json.dumps(spent))

    asyncio.run(main())
    """
    name = f"test:{uuid.uuid4()}"
    programs = [start(f"TOKENS = {tokens}\n" + textwrap.dedent(spender), name) for tokens in ([10] * 8, [10, 4000])]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "started\n"
    spent = [entry for printed in together(programs) for entry in json.loads(printed)]
    assert most_in_a_window(((when, 1) for when, _ in spent), 1.0) <= 200
    assert most_in_a_window(spent, 1.0) <= 20_000
    assert sum(tokens for _, tokens in spent) >= 0.8 * 3 * 20_000 or len(spent) >= 0.8 * 3 * 200


async def test_places_of_a_killed_process_come_back(start: Start, redis_server: RedisServer):
    holder = """
    async def main():
        async with process(url, name, period=60, concurrency=3) as gate:
            permits = [await gate.reserve() for _ in range(3)]
            started()

    asyncio.run(main())
    """
    name = f"test:{uuid.uuid4()}"
    program = start(holder, name)
    assert program.stdout is not None
    assert await asyncio.to_thread(program.stdout.readline) == "started\n"
    async with process(redis_server.url, name, period=60, concurrency=3) as gate:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * LIFE):  # the holder lives, and renews its lease
                await gate.reserve()
        program.kill()
        began = time.monotonic()
        async with asyncio.timeout(DEADLINE):
            permits = [await gate.reserve() for _ in range(3)]
        assert time.monotonic() - began < 10 * LIFE
        for permit in permits:
            permit.release()


@pytest.mark.slow
def test_the_end_of_a_program_gives_back_what_it_held(start: Start):
    """Whether it closes the limiter or not, and without a word on stderr."""
    taker = """
    from aiollm import RedisLimiter

    async def main():
        limiter = RedisLimiter(url, name=name, rpm=100, concurrency=50)
        for _ in range(10):
            permit = await limiter.reserve()
        print(limiter.stats().rpm_now)

    asyncio.run(main())
    """
    name = f"test:{uuid.uuid4()}"
    assert [together([start(taker, name)]) for _ in range(2)] == [["10.0\n"], ["20.0\n"]]


def together(programs: list[subprocess.Popen[str]]) -> list[str]:
    """Let programs go on together, to their end, and return what they printed."""
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    printed = [program.communicate(timeout=DEADLINE)[0] for program in programs]
    assert [program.returncode for program in programs] == [0] * len(programs)
    return printed
