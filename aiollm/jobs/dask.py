"""A job on a Dask cluster: `answers` on the driver, and `AnsweringPlugin` on each worker. Extra `dask`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from attrs import evolve

try:
    from distributed import Client, WorkerPlugin, as_completed, get_worker
except ImportError as error:
    raise ImportError(
        "Dask's cluster is not installed: pip install 'aiollm[dask]'", name=error.name, path=error.path
    ) from None

from aiollm.jobs.result import Result
from aiollm.jobs.worker import BatchWorker, MakeWorker

__all__ = ["AnsweringPlugin", "answer", "answers"]

NAME = "aiollm"
"""What the plugin is called where nothing is said."""

BATCH = 32
"""How many requests a task has where nothing is said: Dask's work for a task is shared by them."""

AHEAD = 2
"""How many batches may be under way for each thread of the cluster, so that none waits for the driver."""

RETRIES = 3
"""How often a task that raises is given again; one whose worker dies, Dask gives again by itself."""


class AnsweringPlugin(WorkerPlugin):  # type: ignore[misc]  # Dask need not be installed where this is checked
    """Has a `BatchWorker` made on each worker of the cluster, also on those that join it later.

        client.register_plugin(AnsweringPlugin(make_worker))

    Args:
        make: makes the worker, on the worker. Dask takes it there as it takes all functions (by cloudpickle).
        name: of the plugin; jobs that run at one time have each their own.
    """

    def __init__(self, make: MakeWorker, name: str = NAME) -> None:
        self.name = name
        self._make = make
        self.worker: BatchWorker | None = None

    def setup(self, worker: Any) -> None:
        self.worker = self._make()

    async def teardown(self, worker: Any) -> None:
        if self.worker is not None:
            await self.worker.aclose()


async def answer(batch: list[Any], name: str = NAME) -> list[Result]:
    """Ask all requests of a batch: an asynchronous task, for workers that have the plugin of this name.

        futures = client.map(answer, batches, retries=3)

    Returns, raises and is cancelled as `BatchWorker.answer` is.

    Raises:
        RuntimeError: the worker has no such plugin.
    """
    plugin = get_worker().plugins.get(name)
    if not isinstance(plugin, AnsweringPlugin) or plugin.worker is None:
        raise RuntimeError(f"this Dask worker has no plugin {name!r}: client.register_plugin(AnsweringPlugin(make))")
    return await plugin.worker.answer(batch)


def answers(client: Client, make: MakeWorker, requests: Iterable[Any], *, batch: int = BATCH) -> Iterator[Result]:
    """Ask requests on all workers of a cluster, and yield what becomes of each as it comes.

        with distributed.Client("tcp://scheduler:8786") as client:
            for result in answers(client, make_worker, prompts):
                print(result.index, result.text if result.ok else result.error)

    The requests are read as slowly as results are taken. Each thread of a worker has a batch at a time. A batch whose
    worker dies, or that raises, is given again, to any worker.

    Args:
        client: of the cluster, a blocking one.
        make: makes the worker of a process, in that process; it has a store that all of them reach.
        requests: in any of the shapes that `map` takes.
        batch: how many requests a task has, 16 to 64 in most cases.

    Raises:
        ValueError: `batch` is below 1.
        StoreError: the store could not be used, time after time.
        distributed.KilledWorker: a batch was given to several workers that died.

    Leaving the loop lets no further batch begin.
    """
    if batch < 1:
        raise ValueError(f"batch must be at least 1; got {batch}")
    return _answers(client, make, iter(requests), batch)


def _answers(client: Any, make: MakeWorker, requests: Iterator[Any], batch: int) -> Iterator[Result]:
    name = f"{NAME}-{uuid.uuid4().hex}"
    client.register_plugin(AnsweringPlugin(make, name))
    coming: Any = as_completed()
    first = 0
    places: dict[Any, int] = {}
    try:
        while True:
            room = AHEAD * max(1, sum(client.nthreads().values()))
            while coming.count() < room and (given := list(islice(requests, batch))):
                future = client.submit(answer, given, name, retries=RETRIES, pure=False)
                places[future.key] = first
                first += len(given)
                coming.add(future)
            if not coming.count():
                return
            future = next(coming)
            place = places.pop(future.key)
            for result in future.result():
                yield evolve(result, index=place + result.index)
    finally:
        client.unregister_worker_plugin(name)
