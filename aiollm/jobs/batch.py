"""`abatch_completion`: LiteLLM's shape of asking a model many things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiollm.exceptions import APIError
from aiollm.jobs.job import map as map_requests
from aiollm.jobs.progress.progress import Wanted
from aiollm.types.response import ModelResponse

__all__ = ["abatch_completion"]

WORKERS = 100
"""How many requests LiteLLM asks at a time."""


async def abatch_completion(
    model: str, messages: Sequence[Any], *, max_workers: int = WORKERS, progress: Wanted = False, **options: Any
) -> list[ModelResponse | APIError]:
    """Ask a model many things, and return all answers in the order of the questions.

    For many thousands `map` is better: it keeps nothing in memory, and can be stopped and taken up again.

    Args:
        model: as in `acompletion`.
        messages: a list of messages for each request.
        max_workers: how many requests are asked at a time.
        progress: as in `map`; where nothing is said it is told nowhere, as with LiteLLM.
        options: further arguments of `map` and `acompletion`. Answers come whole, also with `stream=True`.

    Returns:
        For each request its answer, or the error in its place.

    Cancelling cuts off what is being asked.
    """
    answers: dict[int, Any] = {}
    async with map_requests(messages, model, concurrency=max_workers, progress=progress, **options) as job:
        async for result in job:
            answers[result.index] = result.response or result.error
    return [answer for _, answer in sorted(answers.items())]
