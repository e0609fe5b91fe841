"""What the jobs on clusters share: their requests, the worker that they have made, and what must be so at the end.

A job is a program of its own, whose driver and workers know nothing of the one that ends a worker.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Sequence
from typing import Any

import redis

from aiollm import BatchWorker, RedisLimiter, RedisResults
from aiollm.jobs.worker import MakeWorker
from aiollm.testing import LoggedRequest, ProviderServer, Step, reply, stall
from tests.jobs.asking import MODEL, USAGE

REQUESTS = 240
BATCH = 16
KILLED_AFTER = 60  # requests
AT_A_TIME = 8  # requests of one worker
TOGETHER = 12  # requests of both
LIMIT = 300.0  # seconds; most of a job is the start of its engine, and on a busy machine that takes minutes


def worker_for(provider: str, server: str, name: str) -> MakeWorker:
    """Return what makes the worker of a process that asks a provider, with limits and results on a Redis server."""

    def make() -> BatchWorker:
        with redis.Redis.from_url(server) as client:
            client.rpush(f"{name}:processes", os.getpid())
        return BatchWorker(
            MODEL,
            limiter=RedisLimiter(server, name=name, concurrency=TOGETHER),
            concurrency=AT_A_TIME,
            store=RedisResults(server, name=name),
            api_base=provider,
            api_key="sk-test-000",
        )

    return make


def requests() -> list[dict[str, Any]]:
    return [{"custom_id": f"q{number}", "prompt": f"prompt {number}"} for number in range(REQUESTS)]


def echo(request: LoggedRequest) -> list[Step]:
    """Answer a request, after a while, with its own prompt."""
    return [stall(0.05), reply(request.json["messages"][-1]["content"], usage=USAGE)]


def kill_a_worker(provider: ProviderServer, server: str, name: str) -> int:
    """Kill one of the processes that work, once the job is well under way, and return its number."""
    provider.run(provider.wait_for(lambda: len(provider.log) >= KILLED_AFTER, timeout=LIMIT))
    with redis.Redis.from_url(server) as client:
        process = int(client.lindex(f"{name}:processes", 0))
    os.kill(process, signal.SIGKILL)
    return process


def check(keys: Sequence[str], log: Sequence[LoggedRequest], server: str, name: str) -> None:
    """Check a job of which one worker was killed.

    Args:
        keys: of the results that the engine gave.
        log: what the provider was asked.
        server: the Redis server.
        name: of the results there.
    """
    wanted = {request["custom_id"] for request in requests()}
    assert Counter(keys) == dict.fromkeys(wanted, 1)
    with redis.Redis.from_url(server) as client:
        kept = client.hgetall(f"aiollm:results:{{{name}}}")
        assert {key.decode() for key in kept} == wanted
        assert all(json.loads(line)["response"]["status_code"] == 200 for line in kept.values())
        assert client.hlen(f"aiollm:results:{{{name}}}:failed") == 0
        assert client.llen(f"{name}:processes") >= 2
    assert 0 <= len(log) - REQUESTS <= AT_A_TIME  # what the killed worker was asking is asked again
    assert at_a_time(log) <= TOGETHER


def at_a_time(log: Sequence[LoggedRequest]) -> int:
    """Return how many requests the provider was answering at most."""
    events = [(request.received_at, 1) for request in log]
    events += [(request.finished_at or request.disconnected_at or request.received_at, -1) for request in log]
    most = now = 0
    for _, change in sorted(events):
        now += change
        most = max(most, now)
    return most
