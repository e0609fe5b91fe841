"""A job on a real Dask cluster."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from aiollm.testing import ProviderServer
from tests.jobs.clusters import LIMIT, check, echo, kill_a_worker
from tests.programs import python
from tests.services.redis import RedisServer

pytest.importorskip("distributed")


@pytest.mark.slow
@pytest.mark.timeout(2 * LIMIT)
def test_a_killed_worker_of_dask_costs_what_it_was_asking(redis_server: RedisServer) -> None:
    url, name = redis_server.url, f"test:{uuid.uuid4()}"
    with ProviderServer() as provider, ThreadPoolExecutor() as threads:
        provider.script(echo)
        job = threads.submit(python, "-m", "tests.jobs.on_dask", provider.base_url, url, name, limit=LIMIT)
        kill_a_worker(provider, url, name)
        program = job.result()
    assert program.returncode == 0, program.stderr
    check(json.loads(program.stdout), provider.log, url, name)
