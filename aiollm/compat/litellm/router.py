"""LiteLLM's `Router`: aiollm's, with LiteLLM's errors and streams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import aiollm
from aiollm.client import hidden_arguments
from aiollm.compat.litellm.arguments import own_arguments
from aiollm.compat.litellm.calls import as_answer
from aiollm.compat.litellm.differences import differences
from aiollm.compat.litellm.exceptions import litellm_errors
from aiollm.compat.litellm.settings import SETTINGS
from aiollm.compat.litellm.streams import CustomStreamWrapper
from aiollm.router_arguments.model_list import hidden_entries
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse

__all__ = ["Router"]


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
        if hooks := SETTINGS.hooks():
            known.setdefault("hooks", hooks)
        self._own = aiollm.Router(model_list, **known)

    async def acompletion(self, model: str, messages: Any, **options: Any) -> ModelResponse | CustomStreamWrapper | Any:
        """Ask a group for a chat completion. Cancelling closes the connection."""
        options = hidden_arguments(options)
        with litellm_errors():
            model, arguments = own_arguments(model, options, of_router=True)
            return as_answer(await self._own.acompletion(model, messages, **arguments))

    def completion(self, model: str, messages: Any, **options: Any) -> ModelResponse | CustomStreamWrapper | Any:
        """Ask a group for a chat completion, and wait for it."""
        options = hidden_arguments(options)
        with litellm_errors():
            model, arguments = own_arguments(model, options, of_router=True)
            return as_answer(self._own.completion(model, messages, **arguments))

    async def aembedding(self, model: str, input: Any, **options: Any) -> EmbeddingResponse:
        """Ask a group for the vectors of texts. Cancelling closes the connection."""
        options = hidden_arguments(options)
        with litellm_errors():
            model, arguments = own_arguments(model, options, of_router=True)
            return await self._own.aembedding(model, input, **arguments)

    def embedding(self, model: str, input: Any, **options: Any) -> EmbeddingResponse:
        """Ask a group for the vectors of texts, and wait for them."""
        options = hidden_arguments(options)
        with litellm_errors():
            model, arguments = own_arguments(model, options, of_router=True)
            return self._own.embedding(model, input, **arguments)

    def __getattr__(self, name: str) -> Any:
        if name == "_own" or not hasattr(aiollm.Router, name):
            raise AttributeError(f"Router has no {name!r}: docs/router.md says which of LiteLLM's methods there are")
        return getattr(self._own, name)


def _is_idle(name: str) -> bool:
    difference = differences("router").get(name)
    return difference is not None and difference.kind == "idle"
