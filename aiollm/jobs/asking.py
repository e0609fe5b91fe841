"""The answer to one item of a job: from the store where it has one, else from the provider."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field, frozen

from aiollm.cache.key import cache_key
from aiollm.client import AsyncClient, hidden_arguments
from aiollm.core.gate import Gate
from aiollm.core.limiter import Limiter
from aiollm.dialects.errors import request_id
from aiollm.engine.answer import WholeReply
from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.outcome import Outcome
from aiollm.exceptions import APIError, BadRequestError
from aiollm.jobs.item import Item, key_in, read_request
from aiollm.jobs.record import read_result, write_result
from aiollm.jobs.result import Answer, Result
from aiollm.jobs.store import JobStore, store_at
from aiollm.middleware.budget import Budget
from aiollm.middleware.retry import Retry
from aiollm.policies import Policies
from aiollm.providers.registry import Api

__all__ = ["CONCURRENCY", "Asking", "Question", "asking_with"]

CONCURRENCY = 64
"""How many requests are asked at a time where nothing is said."""


@frozen
class Question:
    """An item as a call.

    Attributes:
        key: what it is known by.
        api: what it asks for.
        call: the call, checked.
    """

    key: str
    api: Api
    call: Call


@define(eq=False)
class Asking:
    """Answers the items of a job, any number at a time.

    Args:
        client: sends the calls.
        defaults: the arguments where a request does not say them.
        key: makes the key of a request, as it was given; None for its `custom_id`, or a digest of it.
        store: keeps the results; None for nowhere.
    """

    client: AsyncClient
    defaults: Mapping[str, Any] = field(repr=False)
    key: Callable[[Any], str] | None = None
    store: JobStore | None = None
    _under_way: dict[str, asyncio.Event] = field(factory=dict[str, asyncio.Event], init=False)

    def question(self, item: Item) -> Question:
        """Read an item.

        Raises:
            APIError: it is no request, or a wrong one.
        """
        read = read_request(item.given, self.defaults)
        arguments = hidden_arguments(read.arguments)
        if read.api == "chat" and arguments.get("stream"):  # else nobody counts the tokens
            arguments["stream_options"] = {"include_usage": True} | (arguments.get("stream_options") or {})
        model = arguments["model"]
        call = self.client.prepare(read.api, arguments)
        if self.key is not None:
            return Question(str(self.key(item.given)), read.api, call)
        return Question(_digest(model, read.api, call) if read.key is None else read.key, read.api, call)

    async def answer(self, item: Item) -> Result:
        """Return what becomes of an item. With a store it is kept there by then.

        Where items with one key are asked at the same time, one of them is, and the others get its answer.

        Raises:
            BudgetExceededError: the budget has no room for it; nothing was sent.
            StoreError: the store cannot be used.
        """
        began = time.time(), time.perf_counter()
        try:
            question = self.question(item)
        except APIError as error:
            result = _failed(item, key_in(item.given) or f"item {item.index}", began, error)
            if not await self.has(result.key):  # of an earlier run, whose request under this key could be read
                await self._keep(result)
            return result
        if self.store is None:
            return await self._asked(item, question, began)
        while (other := self._under_way.get(question.key)) is not None:
            await other.wait()
        self._under_way[question.key] = asyncio.Event()
        try:
            result = await self._found(item, question.key) or await self._asked(item, question, began)
            if not result.from_store:
                await self._keep(result)
            return result
        finally:
            self._under_way.pop(question.key).set()

    async def has(self, key: str) -> bool:
        """Whether the store has an answer."""
        return self.store is not None and await self.store.find(key) is not None

    async def aclose(self) -> None:
        """Close the store once what was put is written."""
        if self.store is not None:
            await self.store.aclose()

    async def _found(self, item: Item, key: str) -> Result | None:
        assert self.store is not None
        line = await self.store.find(key)
        try:
            return None if line is None else read_result(line, item.index)
        except ValueError:  # of another version: it is asked again
            return None

    async def _keep(self, result: Result) -> None:
        if self.store is not None:
            await self.store.put(result.key, write_result(result), result.ok)

    async def _asked(self, item: Item, question: Question, began: tuple[float, float]) -> Result:
        outcomes: list[Outcome] = []
        try:
            answer = await self.client.send(question.api, question.call)
            answer.notify(outcomes.append)
            if not isinstance(answer, WholeReply):
                await answer.read_out()
        except APIError as error:
            return _failed(item, question.key, began, error, question.call.attempts)
        outcome = outcomes[0]
        response: Answer = outcome.response
        attempts = answer.attempts
        cost = _cost(attempts) if attempts else outcome.origin.cost(outcome.usage)  # of a cache, without any
        return Result(
            index=item.index,
            key=question.key,
            response=response,
            attempts=attempts,
            usage=outcome.usage,
            cost=cost,
            started=began[0],
            elapsed=time.perf_counter() - began[1],
            first_token=outcome.first_token,
            request_id=request_id(outcome.origin.headers),
        )


def asking_with(
    options: Mapping[str, Any],
    *,
    client: AsyncClient | None,
    limiter: Gate | None,
    retry: Retry | None,
    budget: Budget | None = None,
    concurrency: int,
    store: JobStore | str | os.PathLike[str] | None,
    key: Callable[[Any], str] | None,
) -> Asking:
    """Return what answers items with these options of `map`; without a client, by one that the policies make.

    Raises:
        TypeError: `client` and policies are both given.
        ValueError: `concurrency` is below 1, or a path has an unknown ending.
    """
    if client is not None and any(policy is not None for policy in (limiter, retry, budget)):
        raise TypeError("limiter, retry and budget are the client's, when there is one: give them to it")
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1; got {concurrency}")
    limiter = limiter or Limiter(concurrency=concurrency)
    client = client or AsyncClient(Policies(retry=retry or Retry(), limiter=limiter, budget=budget))
    return Asking(client, options, key, None if store is None else store_at(store))


def _digest(model: str, api: Api, call: Call) -> str:
    """Return the key of a request that has none: the same for all that ask the same of the same model, by any key."""
    try:
        return cache_key(api, call.request, model)
    except (TypeError, RecursionError) as error:
        raise BadRequestError(f"the request cannot be written as JSON: {error}", phase="request") from error


def _failed(
    item: Item, key: str, began: tuple[float, float], error: APIError, attempts: list[Attempt] | None = None
) -> Result:
    tried = tuple(attempts or ())
    return Result(
        index=item.index,
        key=key,
        error=error,
        attempts=tried,
        usage=error.usage,
        cost=_cost(tried),
        started=began[0],
        elapsed=time.perf_counter() - began[1],
        request_id=error.request_id,
    )


def _cost(attempts: tuple[Attempt, ...]) -> float | None:
    known = [cost for cost in (attempt.cost for attempt in attempts) if cost is not None]
    return sum(known) if known else None
