"""LiteLLM's `Router`, over aiollm's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import aiollm
from aiollm.client import hidden_arguments
from aiollm.compat.litellm.arguments import own_arguments
from aiollm.compat.litellm.callback_lists import CallbackLists
from aiollm.compat.litellm.calls import as_answer, first_answer
from aiollm.compat.litellm.differences import differences
from aiollm.compat.litellm.exceptions import UnsupportedParamsError, litellm_errors
from aiollm.compat.litellm.settings import NO_CALLBACKS, SETTINGS
from aiollm.compat.litellm.streams import CustomStreamWrapper
from aiollm.compat.litellm.text_completions import chat_of, chat_options, text_of
from aiollm.router_arguments.error_counts import AllowedFailsPolicy, RetryPolicy
from aiollm.router_arguments.model_list import hidden_entries
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse

__all__ = ["AllowedFailsPolicy", "RetryPolicy", "Router"]


class Router:
    """Groups of deployments behind one name each, with LiteLLM's arguments and the methods of `aiollm.Router`.

    The module's `drop_params`, `headers`, `request_timeout`, `num_retries` and callbacks, as they are when it
    is made, hold for its calls.

    Raises:
        TypeError: there is no such argument; LiteLLM's others say what to do instead.
        ValueError: an argument, or an entry of the list, is wrong.
    """

    def __init__(self, model_list: Iterable[Mapping[str, Any]] | None = None, **settings: Any) -> None:
        model_list, settings = hidden_entries(model_list or ()), hidden_arguments(settings)
        known = {name: value for name, value in settings.items() if not _is_idle(name)}
        if known.pop("cache_responses", None):
            known.setdefault("cache", SETTINGS.cache or aiollm.Cache())
        if SETTINGS.num_retries is not None:
            known.setdefault("num_retries", SETTINGS.num_retries)
        if hooks := SETTINGS.told().hooks():
            known.setdefault("hooks", hooks)
        self._own = aiollm.Router(model_list, **known)

    async def acompletion(self, model: str, messages: Any, **options: Any) -> ModelResponse | CustomStreamWrapper | Any:
        """Ask a group for a chat completion. Cancelling closes the connection."""
        options = hidden_arguments(options)
        with litellm_errors():
            model, arguments = _arguments(model, options)
            return as_answer(await self._own.acompletion(model, messages, **arguments))

    def completion(self, model: str, messages: Any, **options: Any) -> ModelResponse | CustomStreamWrapper | Any:
        """Ask a group for a chat completion, and wait for it."""
        options = hidden_arguments(options)
        with litellm_errors():
            model, arguments = _arguments(model, options)
            return as_answer(self._own.completion(model, messages, **arguments))

    async def atext_completion(self, model: str, prompt: Any, **options: Any) -> Any:
        """Ask a group to go on with a prompt, by way of a chat. Cancelling closes the connection."""
        options = chat_options(hidden_arguments(options))
        return text_of(await self.acompletion(model, chat_of(prompt), **options))

    def text_completion(self, model: str, prompt: Any, **options: Any) -> Any:
        """Ask a group to go on with a prompt, by way of a chat, and wait for it."""
        options = chat_options(hidden_arguments(options))
        return text_of(self.completion(model, chat_of(prompt), **options))

    async def aembedding(self, model: str, input: Any, **options: Any) -> EmbeddingResponse:
        """Ask a group for the vectors of texts. Cancelling closes the connection."""
        options = hidden_arguments(options)
        with litellm_errors():
            model, arguments = _arguments(model, options)
            return await self._own.aembedding(model, input, **arguments)

    def embedding(self, model: str, input: Any, **options: Any) -> EmbeddingResponse:
        """Ask a group for the vectors of texts, and wait for them."""
        options = hidden_arguments(options)
        with litellm_errors():
            model, arguments = _arguments(model, options)
            return self._own.embedding(model, input, **arguments)

    # Several at a time. Cancelling cuts off all that is asked.

    async def abatch_completion(self, models: Sequence[str], messages: Sequence[Any], **options: Any) -> list[Any]:
        """Ask several groups the same; of several lists of messages, each. An error stands in the place of its answer.

        Returns:
            An answer for each group; for several lists of messages, a list of those for each of them.
        """
        options = hidden_arguments(options)
        if not messages or not isinstance(messages[0], list):
            return await self._all(models, [messages] * len(models), options)
        asking = (self._all(models, [one] * len(models), options) for one in messages)
        return list(await asyncio.gather(*asking))

    async def abatch_completion_one_model_multiple_requests(
        self, model: str, messages: Sequence[Any], **options: Any
    ) -> list[Any]:
        """Ask a group several lists of messages. An error stands in the place of its answer."""
        options = hidden_arguments(options)
        return await self._all([model] * len(messages), messages, options)

    async def abatch_completion_fastest_response(self, model: str, messages: Any, **options: Any) -> Any:
        """Ask several groups, named with commas between them, and return the first answer; the others are cut off.

        Raises:
            APIError: all failed; the last error.
        """
        options = hidden_arguments(options)
        return await first_answer(self.acompletion(name.strip(), messages, **options) for name in model.split(","))

    async def schedule_acompletion(self, model: str, messages: Any, priority: int, **options: Any) -> Any:
        """Ask a group with a priority, as `acompletion(priority=)` does: of those that wait the lowest goes first."""
        options = hidden_arguments(options)
        return await self.acompletion(model, messages, priority=priority, **options)

    async def _all(self, models: Sequence[str], messages: Sequence[Any], options: dict[str, Any]) -> list[Any]:
        asking = (self.acompletion(model, one, **options) for model, one in zip(models, messages, strict=True))
        return list(await asyncio.gather(*asking, return_exceptions=True))

    @property
    def model_list(self) -> list[dict[str, Any]]:
        """The entries of all deployments, without keys and headers."""
        return self._own.get_model_list()

    def get_available_deployment(self, model: str, **_request: Any) -> dict[str, Any]:
        """Return the entry of the deployment that a call to a group might be given now, whatever the request is."""
        with litellm_errors():
            return self._own.get_available_deployment(model)

    def __getattr__(self, name: str) -> Any:
        if name == "_own" or not hasattr(aiollm.Router, name):
            raise AttributeError(f"Router has no {name!r}: docs/router.md says which of LiteLLM's methods there are")
        return getattr(self._own, name)


def _arguments(model: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    model, arguments = own_arguments(model, options, of_router=True)
    if CallbackLists.taken_from(arguments) != NO_CALLBACKS:
        raise UnsupportedParamsError(
            "callbacks of one call: a router's are those that the module has when it is made",
            model=model,
            param="success_callback",
            phase="request",
        )
    return model, arguments


def _is_idle(name: str) -> bool:
    difference = differences("router").get(name)
    return difference is not None and difference.kind == "idle"
