"""A Dask cluster whose scheduler and workers have a network each: `python -m tests.jobs.on_namespaces`.

It needs root on Linux, for network namespaces, and takes half a minute. The driver, the provider and Redis are at one
address, the scheduler and two workers at three others; a worker is killed in the middle of the job.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from aiollm.testing import ProviderServer
from tests.jobs.clusters import LIMIT, at_a_time, check, echo, kill_a_worker
from tests.programs import environment, python
from tests.services import debian
from tests.services.redis import RedisServer

PLACES = {"driver": "10.79.0.1", "scheduler": "10.79.0.2", "worker-1": "10.79.0.3", "worker-2": "10.79.0.4"}
SCHEDULER = f"tcp://{PLACES['scheduler']}:8786"
NAME = "namespaces"


def main() -> None:
    if sys.argv[1:]:
        job()
        return
    with ExitStack() as undo:
        for place in PLACES:
            undo.enter_context(namespace(place))
        connect()
        inside("driver", sys.executable, "-m", "tests.jobs.on_namespaces", "job")


@contextmanager
def namespace(place: str) -> Iterator[None]:
    """A network that has nothing but itself, until the end."""
    ip("netns", "add", f"aiollm-{place}")
    try:
        ip("-n", f"aiollm-{place}", "link", "set", "lo", "up")
        yield
    finally:
        ip("netns", "del", f"aiollm-{place}")


def connect() -> None:
    """Lay a cable from each network to a switch in the driver's."""
    driver, *others = PLACES
    of_driver = ("-n", f"aiollm-{driver}")
    ip(*of_driver, "link", "add", "switch", "type", "bridge")
    ip(*of_driver, "addr", "add", f"{PLACES[driver]}/24", "dev", "switch")
    ip(*of_driver, "link", "set", "switch", "up")
    for number, place in enumerate(others):
        port, there = f"port{number}", ("-n", f"aiollm-{place}")
        ip(*of_driver, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", f"aiollm-{place}")
        ip(*of_driver, "link", "set", port, "master", "switch", "up")
        ip(*there, "addr", "add", f"{PLACES[place]}/24", "dev", "eth0")
        ip(*there, "link", "set", "eth0", "up")


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def inside(place: str, *command: str) -> None:
    subprocess.run(["ip", "netns", "exec", f"aiollm-{place}", *command], check=True, env=environment())


def job() -> None:
    """Run a job from the driver's network, kill a worker, and say what came of it."""
    with ExitStack() as undo:
        provider = undo.enter_context(ProviderServer())
        provider.script(echo)
        server = undo.enter_context(running_redis())
        for port in (provider.port, server.port):
            provider.run(let_in(port))
        undo.enter_context(running("scheduler", "dask_scheduler", "--port", "8786", "--no-dashboard"))
        for place in ("worker-1", "worker-2"):
            undo.enter_context(running(place, "dask_worker", SCHEDULER, "--nthreads", "2", "--no-dashboard"))
        ask(provider, f"redis://{PLACES['driver']}:{server.port}/0")


def ask(provider: ProviderServer, server: str) -> None:
    url, began = provider.base_url.replace("127.0.0.1", PLACES["driver"]), time.monotonic()
    with ThreadPoolExecutor() as threads:
        asking = threads.submit(python, "-m", "tests.jobs.on_dask", url, server, NAME, SCHEDULER, limit=LIMIT)
        killed = kill_a_worker(provider, server, NAME)
        say(f"killed process {killed} after {len(provider.log)} requests")
        done = asking.result()
    assert done.returncode == 0, done.stderr
    keys = json.loads(done.stdout)
    check(keys, provider.log, server, NAME)
    with redis.Redis.from_url(server) as client:
        for process in map(int, client.lrange(f"{NAME}:processes", 0, -1)):
            say(f"process {process} answered, " + ("and was killed" if process == killed else f"in {network(process)}"))
    say(f"{len(keys)} results, {len({*keys})} keys, each once in Redis, in {time.monotonic() - began:.1f} s")
    say(f"{len(provider.log)} requests at the provider, at most {at_a_time(provider.log)} at a time")


def network(process: int) -> str:
    """Return the name of the network that a process is in."""
    command = ["ip", "netns", "identify", str(process)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


@contextmanager
def running(place: str, program: str, *arguments: str) -> Iterator[None]:
    """A program of Dask's in a network of its own, until the end."""
    command = [sys.executable, "-m", f"distributed.cli.{program}", "--host", PLACES[place], *arguments]
    process = subprocess.Popen(
        ["ip", "netns", "exec", f"aiollm-{place}", *command], env=environment(), stderr=subprocess.DEVNULL
    )
    say(f"{program} at {PLACES[place]}: process {process.pid} of {network(process.pid)}")
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    home = debian.fetch("redis-server")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(str(home / "usr/bin/redis-server"), debian.environment(home), Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()


async def let_in(port: int) -> None:
    """Take connections at the driver's address to what listens on its loopback alone."""

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pour(reader, other_writer), pour(other_reader, writer), return_exceptions=True)

    await asyncio.start_server(join, PLACES["driver"], port)


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


if __name__ == "__main__":
    main()
