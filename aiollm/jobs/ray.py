"""A job on a Ray cluster: `RayAnswers` for Ray Data, and `answering_actor` for all else. Extra `ray`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from aiollm.jobs.item import KEY
from aiollm.jobs.result import Result
from aiollm.jobs.worker import MakeWorker
from aiollm.types.shape import JSON

__all__ = ["RayAnswers", "answering_actor"]

Row = dict[str, Any]

COLUMNS = {
    "key": "string",
    "text": "string",
    "error": "string",
    "response": "string",
    "prompt_tokens": "int64",
    "completion_tokens": "int64",
    "cost": "float64",
    "elapsed": "float64",
    "from_store": "bool",
}
"""What results add to a table, and as what: also where all of a batch are null."""

REQUEST = (KEY, "model", "prompt", "messages")
"""The columns that make a request where nothing is said."""

RESTARTS = -1
RETRIES = 3
BATCHES = 16
"""An actor is started again whenever its process dies, and given the batch again so often; it has so many at a time."""


class RayAnswers:
    """Answers the rows of a dataset of Ray Data.

        questions = ray.data.read_parquet("questions.parquet")  # with a column `prompt`
        answers = questions.map_batches(
            RayAnswers, fn_constructor_args=[make_worker], batch_format="pyarrow", batch_size=64, concurrency=4
        )
        answers.write_parquet("answers")

    A row keeps its columns and gets those of its result: `key`, `text`, `error` (its message), `response` (the whole
    answer as JSON), `prompt_tokens`, `completion_tokens`, `cost` (USD), `elapsed` (seconds) and `from_store`; each is
    null where there is nothing to say. A failed request is a row with an `error`. Ray gives a batch again when its
    process dies.

    Args:
        make: makes the worker of a process, in that process; it has a store that all of them reach.
        request: makes a request, in any of the shapes that `map` takes, of a row; where nothing is said it is what the
            columns `prompt` or `messages`, `model` and `custom_id` hold.
    """

    def __init__(self, make: MakeWorker, request: Callable[[Row], Any] | None = None) -> None:
        self._worker = make()
        self._request = request or _said

    async def __call__(self, batch: Any) -> Any:
        """Return the columns of a batch, and those of its results: tables of pyarrow, which has no types.

        Raises:
            TypeError: the batch has another format than "pyarrow".
            BudgetExceededError, StoreError: as `BatchWorker.answer`.
        """
        if not hasattr(batch, "to_pylist"):
            raise TypeError(f'map_batches needs batch_format="pyarrow" here; the batch is a {type(batch).__name__}')
        rows = [_filled(row) for row in batch.to_pylist()]
        return _with_results(batch, await self._worker.answer(map(self._request, rows)))


def answering_actor(make: MakeWorker, **options: Any) -> Any:
    """Start an actor whose `answer.remote(batch)` gives the results of a batch of requests, a list of `Result`.

        actors = [answering_actor(make_worker) for _ in range(4)]
        results = await asyncio.gather(*(actor.answer.remote(batch) for actor, batch in zip(cycle(actors), batches)))

    It takes 16 batches at a time. One that is killed is started again and given its batches again.

    Args:
        make: makes the worker of a process, in that process; it has a store that all of them reach.
        options: of the actor, such as `num_cpus` or `runtime_env`.

    Raises:
        ImportError: Ray is not installed.
    """
    try:
        import ray
    except ImportError:
        raise ImportError("Ray is not installed: pip install 'aiollm[ray]'", name="ray") from None
    lasting = {"max_restarts": RESTARTS, "max_task_retries": RETRIES, "max_concurrency": BATCHES}
    return ray.remote(_Actor).options(**lasting | options).remote(make)


class _Actor:
    def __init__(self, make: MakeWorker) -> None:
        self._worker = make()

    async def answer(self, batch: Iterable[Any]) -> list[Result]:
        return await self._worker.answer(batch)


def _said(row: Row) -> Row:
    return {name: row[name] for name in REQUEST if name in row}


def _filled(value: JSON) -> Any:
    """Return a value without the nulls that Arrow fills in where others of its column have something."""
    if isinstance(value, list):
        return [_filled(each) for each in value]
    if isinstance(value, dict):
        return {name: _filled(each) for name, each in value.items() if each is not None}
    return value


def _with_results(table: Any, results: list[Result]) -> Any:
    import pyarrow as pa

    arrow: Any = pa
    schema = arrow.schema([(name, arrow.type_for_alias(kind)) for name, kind in COLUMNS.items()])
    columns = arrow.Table.from_pylist([_row(result) for result in results], schema)
    table = table.drop_columns([name for name in table.column_names if name in COLUMNS])
    for name in COLUMNS:
        table = table.append_column(schema.field(name), columns.column(name))
    return table


def _row(result: Result) -> Row:
    usage, response = result.usage, result.response
    return {
        "key": result.key,
        "text": result.text if result.ok else None,
        "error": None if result.error is None else str(result.error),
        "response": None if response is None else msgspec.json.encode(response.model_dump()).decode(),
        "prompt_tokens": usage and usage.prompt_tokens,
        "completion_tokens": usage and usage.completion_tokens,
        "cost": result.cost,
        "elapsed": result.elapsed,
        "from_store": result.from_store,
    }
