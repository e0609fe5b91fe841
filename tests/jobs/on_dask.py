"""A job on a Dask cluster: `python -m tests.jobs.on_dask PROVIDER REDIS NAME [SCHEDULER]`, else one of this machine."""

from __future__ import annotations

import json
import sys

import dask
from distributed import Client, LocalCluster

from aiollm.jobs.dask import answers
from tests.jobs.clusters import BATCH, requests, worker_for


def main(provider: str, server: str, name: str, scheduler: str | None = None) -> None:
    if scheduler is not None:
        with Client(scheduler) as client:
            ask(client, provider, server, name)
        return
    options = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": None, "host": "127.0.0.1"}
    dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})  # Dask is imported once for all
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        ask(client, provider, server, name)


def ask(client: Client, provider: str, server: str, name: str) -> None:
    """Have all requests answered, and print the keys of the results."""
    results = [*answers(client, worker_for(provider, server, name), requests(), batch=BATCH)]
    assert all(result.text == requests()[result.index]["prompt"] for result in results)
    print(json.dumps([result.key for result in results]))


if __name__ == "__main__":
    main(*sys.argv[1:])
