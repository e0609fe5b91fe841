"""What a program sets on the module, as in `litellm.drop_params = True`: the arguments its calls have by default."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import Factory, define, field, fields

from aiollm.cache.cache import Cache
from aiollm.compat.litellm.callback_lists import CallbackLists
from aiollm.middleware.budget import Budget
from aiollm.middleware.retry import Retry
from aiollm.sync.client import Client
from aiollm.types.timeouts import Timeouts

__all__ = ["KEYS", "SETTINGS", "Settings", "log_everything"]

KEYS: Mapping[str, str] = {
    "openai_key": "openai",
    "anthropic_key": "anthropic",
    "azure_key": "azure",
    "groq_key": "groq",
    "cohere_key": "cohere",
    "huggingface_key": "huggingface",
    "openrouter_key": "openrouter",
    "databricks_key": "databricks",
    "nebius_key": "nebius",
    "xai_key": "xai",
    "ollama_key": "ollama",
    "ovhcloud_key": "ovhcloud",
    "wandb_key": "wandb",
    "togetherai_api_key": "together_ai",
}
"""The setting of a key -> the provider's name."""

NO_CALLBACKS = CallbackLists()


@define(eq=False)
class Settings:
    """The settings that are honoured, under LiteLLM's names. They hold for the functions of this package only.

    Attributes:
        keys: provider -> its key; see `KEYS`.
        idle: settings that were made, and have no effect.
    """

    drop_params: bool = False
    api_key: str | None = field(default=None, repr=False)
    api_base: str | None = None
    api_version: str | None = None
    organization: str | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    num_retries: int | None = None
    request_timeout: float | Timeouts | None = None
    fallbacks: Sequence[Any] | None = None
    default_fallbacks: Sequence[Any] | None = None
    context_window_fallbacks: Sequence[Any] | None = None
    content_policy_fallbacks: Sequence[Any] | None = None
    model_alias_map: dict[str, str] = Factory(dict[str, str])
    cache: Cache | None = None
    max_budget: float = 0.0
    set_verbose: bool = False
    success_callback: list[Any] = Factory(list[Any])
    failure_callback: list[Any] = Factory(list[Any])
    callbacks: list[Any] = Factory(list[Any])
    input_callback: list[Any] = Factory(list[Any])
    keys: dict[str, str] = field(factory=dict[str, str], repr=False)
    idle: dict[str, Any] = Factory(dict[str, Any])
    _client: tuple[Any, Client] | None = field(default=None, init=False, repr=False)
    _budget: tuple[float, Budget | None] | None = field(default=None, init=False, repr=False)
    _retry: Retry = field(factory=Retry, init=False, repr=False)

    def client(self, of_call: CallbackLists = NO_CALLBACKS) -> Client:
        """Return the client whose policies are those that are set: the same one as long as they are.

        Args:
            of_call: who else hears of the call that it is for.
        """
        told = self.told().with_those_of(of_call)
        wanted = self.cache, self.max_budget, told
        if self._client is None or self._client[0] != wanted:
            own = Client(retry=self._retry, cache=self.cache, budget=self.budget(), hooks=told.hooks())
            self._client = wanted, own
        return self._client[1]

    def budget(self) -> Budget | None:
        """Return the account of `max_budget`, None where none is set; a budget that is changed begins anew."""
        if self._budget is None or self._budget[0] != self.max_budget:
            self._budget = self.max_budget, Budget(usd=self.max_budget) if self.max_budget else None
        return self._budget[1]

    def told(self) -> CallbackLists:
        """Return who hears of all calls."""
        return CallbackLists(**{name: getattr(self, name) for name in CallbackLists.__annotations__})

    def reset(self) -> None:
        """Forget all that was set."""
        fresh = type(self)()
        for attribute in fields(type(self)):
            setattr(self, attribute.name, getattr(fresh, attribute.name))


# The state of a module, as LiteLLM's users expect it: `litellm.drop_params = True` holds for the whole process.
SETTINGS = Settings()


def log_everything(wanted: bool = True) -> None:
    """Have the logger "aiollm" write from DEBUG on, or as the program says."""
    logging.getLogger("aiollm").setLevel(logging.DEBUG if wanted else logging.NOTSET)
    if wanted:
        logging.basicConfig()
