"""Two jobs on a Ray cluster of this machine: `python -m tests.jobs.on_ray REDIS PROVIDER NAME PROVIDER NAME`."""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import cycle

import ray

from aiollm.jobs.ray import RayAnswers, answering_actor
from aiollm.jobs.worker import MakeWorker
from tests.jobs.clusters import BATCH, requests, worker_for

WORKERS = 2


def on_data(make: MakeWorker) -> list[str]:
    """Have a dataset answered by two actors of Ray Data, and return the keys."""
    dataset = ray.data.from_items(requests(), override_num_blocks=len(requests()) // BATCH)
    answered = dataset.map_batches(
        RayAnswers, fn_constructor_args=[make], batch_format="pyarrow", batch_size=BATCH, concurrency=WORKERS
    )
    return [row["key"] for row in answered.iter_rows()]


async def on_actors(make: MakeWorker) -> list[str]:
    """Have all batches answered by two actors, and return the keys."""
    actors = cycle([answering_actor(make) for _ in range(WORKERS)])
    given = requests()
    batches = [given[first : first + BATCH] for first in range(0, len(given), BATCH)]
    answered = await asyncio.gather(*[next(actors).answer.remote(batch) for batch in batches])
    return [result.key for results in answered for result in results]


def main(server: str, *places: str) -> None:
    ray.init(
        num_cpus=2 * WORKERS,
        include_dashboard=False,
        object_store_memory=120 * 2**20,
        _node_ip_address="127.0.0.1",
        log_to_driver=False,
    )
    provider, name, other_provider, other_name = places
    print(json.dumps(on_data(worker_for(provider, server, name))), flush=True)
    print(json.dumps(asyncio.run(on_actors(worker_for(other_provider, server, other_name)))), flush=True)
    ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
