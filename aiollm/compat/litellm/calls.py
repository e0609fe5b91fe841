"""LiteLLM's functions that ask a model, each over its namesake of aiollm."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from aiollm.client import hidden_arguments
from aiollm.compat.litellm.arguments import own_arguments
from aiollm.compat.litellm.callback_lists import CallbackLists
from aiollm.compat.litellm.exceptions import APIError, BadRequestError, litellm_errors
from aiollm.compat.litellm.settings import SETTINGS
from aiollm.compat.litellm.streams import CustomStreamWrapper
from aiollm.jobs.batch import WORKERS
from aiollm.sync.blocking import wait_for
from aiollm.sync.client import Client
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse

__all__ = [
    "abatch_completion",
    "abatch_completion_models",
    "acompletion",
    "acompletion_with_retries",
    "aembedding",
    "aresponses",
    "as_answer",
    "batch_completion",
    "batch_completion_models",
    "batch_completion_models_all_responses",
    "check_valid_key",
    "completion",
    "completion_with_retries",
    "embedding",
    "first_answer",
    "mock_completion",
    "responses",
]

_VALID_KEY_PROMPT = [{"role": "user", "content": "Hey, how's it going?"}]


def completion(model: str, messages: Iterable[Any] = (), **options: Any) -> ModelResponse | CustomStreamWrapper | Any:
    """Ask a model for a chat completion, and wait for it; a stream where `stream` is true.

    The arguments are LiteLLM's; those that the module's settings say stand for those that are not given.

    Raises:
        APIError: as `aiollm.completion`, in this module's classes.
    """
    options = hidden_arguments(options)
    with litellm_errors():
        model, arguments = own_arguments(model, options)
        return as_answer(_blocking_chat(model, messages, arguments))


async def acompletion(
    model: str, messages: Iterable[Any] = (), **options: Any
) -> ModelResponse | CustomStreamWrapper | Any:
    """Ask a model for a chat completion: the asynchronous twin of `completion`. Cancelling closes the connection."""
    options = hidden_arguments(options)
    with litellm_errors():
        model, arguments = own_arguments(model, options)
        await asyncio.sleep(arguments.pop("mock_delay", 0))
        return as_answer(await _client(arguments).acompletion(model, messages, **arguments))


def _blocking_chat(model: str, messages: Iterable[Any], arguments: dict[str, Any]) -> Any:
    if delay := arguments.pop("mock_delay", 0):
        wait_for(asyncio.sleep, delay)
    client: Any = _client(arguments)
    return client.completion(model, messages, **arguments)


def _client(arguments: dict[str, Any]) -> Client:
    """Return the client for a call; the call's own callbacks are taken out of its arguments."""
    return SETTINGS.client(CallbackLists.taken_from(arguments))


def as_answer(answer: Any) -> Any:
    """Return an answer as LiteLLM's functions do: a stream in its wrapper, a whole answer as it is."""
    return answer if isinstance(answer, ModelResponse) else CustomStreamWrapper(answer)


def embedding(model: str, input: Any = (), **options: Any) -> EmbeddingResponse:
    """Ask a model for the vectors of texts, and wait for them."""
    options = hidden_arguments(options)
    with litellm_errors():
        model, arguments = own_arguments(model, options)
        return _client(arguments).embedding(model, input, **_without_chats(arguments))


async def aembedding(model: str, input: Any = (), **options: Any) -> EmbeddingResponse:
    """Ask a model for the vectors of texts. Cancelling closes the connection."""
    options = hidden_arguments(options)
    with litellm_errors():
        model, arguments = own_arguments(model, options)
        return await _client(arguments).aembedding(model, input, **_without_chats(arguments))


def responses(input: Any, model: str, **options: Any) -> Any:
    """Ask a model by the Responses API, and wait; an iterator over events where `stream` is true."""
    options = hidden_arguments(options)
    with litellm_errors():
        model, arguments = own_arguments(model, options)
        client: Any = _client(arguments)
        answer = client.responses(input, model, **_without_chats(arguments))
        return CustomStreamWrapper(answer) if arguments.get("stream") else answer


async def aresponses(input: Any, model: str, **options: Any) -> Any:
    """Ask a model by the Responses API: the asynchronous twin of `responses`. Cancelling closes the connection."""
    options = hidden_arguments(options)
    with litellm_errors():
        model, arguments = own_arguments(model, options)
        client: Any = _client(arguments)
        answer = await client.aresponses(input, model, **_without_chats(arguments))
        return CustomStreamWrapper(answer) if arguments.get("stream") else answer


def _without_chats(arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the settings say of chats only."""
    chats = ("context_window_fallbacks", "content_policy_fallbacks", "mock_delay")
    return {name: value for name, value in arguments.items() if name not in chats}


# Several at a time


def batch_completion(
    model: str, messages: Sequence[Any] = (), *, max_workers: int | None = None, **options: Any
) -> list[Any]:
    """Ask a model many things, and wait for all answers, in order; an error stands in the place of its answer."""
    return wait_for(abatch_completion, model, messages, max_workers=max_workers, **hidden_arguments(options))


async def abatch_completion(
    model: str, messages: Sequence[Any] = (), *, max_workers: int | None = None, **options: Any
) -> list[Any]:
    """Ask a model many things: the asynchronous twin of `batch_completion`. Cancelling cuts off what is asked."""
    options = _whole(hidden_arguments(options))
    workers = asyncio.Semaphore(max_workers or WORKERS)

    async def ask(prompt: Any) -> Any:
        async with workers:
            return await acompletion(model, prompt, **options)

    answers: list[Any] = await asyncio.gather(*map(ask, messages), return_exceptions=True)
    return answers


def batch_completion_models(messages: Iterable[Any] = (), *, models: Sequence[str] = (), **options: Any) -> Any:
    """Ask several models the same, and return the first whole answer; the other calls are cut off.

    Raises:
        APIError: all failed; the last error.
    """
    return wait_for(abatch_completion_models, messages, models=models, **hidden_arguments(options))


async def abatch_completion_models(messages: Iterable[Any] = (), *, models: Sequence[str] = (), **options: Any) -> Any:
    """Ask several models the same: the asynchronous twin of `batch_completion_models`. Cancelling cuts all off."""
    options = _whole(hidden_arguments(options))
    return await first_answer(acompletion(model, messages, **options) for model in models)


async def first_answer(calls: Iterable[Coroutine[Any, Any, Any]]) -> Any:
    """Return what the first call gives that does not fail; the others are cut off.

    Raises:
        APIError: all failed; the last error.
    """
    failed: APIError = BadRequestError("models is empty: name those to ask", param="models")
    asking = [asyncio.ensure_future(call) for call in calls]
    try:
        for answered in asyncio.as_completed(asking):
            try:
                return await answered
            except APIError as error:
                failed = error
        raise failed
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


def batch_completion_models_all_responses(
    messages: Iterable[Any] = (), *, models: Sequence[str] = (), **options: Any
) -> list[Any]:
    """Ask several models the same, and return all answers, in the order of the models; those that fail are left out."""

    async def all_answers() -> list[Any]:
        asking = (acompletion(model, messages, **_whole(options)) for model in models)
        answers: list[Any] = await asyncio.gather(*asking, return_exceptions=True)
        return answers

    options = hidden_arguments(options)
    return [answer for answer in wait_for(all_answers) if not isinstance(answer, BaseException)]


def _whole(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "stream"}


# Variations


def completion_with_retries(*arguments: Any, num_retries: int | None = 3, **options: Any) -> Any:
    """Ask as `completion` does, three times more where that may help."""
    return completion(*arguments, num_retries=num_retries, **options)


async def acompletion_with_retries(*arguments: Any, num_retries: int | None = 3, **options: Any) -> Any:
    """Ask as `acompletion` does, three times more where that may help."""
    return await acompletion(*arguments, num_retries=num_retries, **options)


def mock_completion(
    model: str, messages: Iterable[Any], *, mock_response: Any = "This is a mock request", **options: Any
) -> Any:
    """Return what `completion` gives with a `mock_response`; nothing is sent."""
    return completion(model, messages, mock_response=mock_response, **options)


def check_valid_key(model: str, api_key: str) -> bool:
    """Whether a provider takes a key, found out by a request of ten tokens."""
    options = hidden_arguments({"api_key": api_key})
    del api_key  # a traceback that captures locals would show it
    try:
        completion(model, _VALID_KEY_PROMPT, max_tokens=10, **options)
    except APIError:
        return False
    return True
