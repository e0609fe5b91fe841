"""Where an answer came from: what its chunks and its response share."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import msgspec
from msgspec.structs import replace

__all__ = ["Origin"]


class Origin(msgspec.Struct):
    """The reply that an answer is read from.

    Attributes:
        includes_usage: whether the caller asked for usage, so that every chunk has the field, null but on the last.
        provider: the provider's name.
        api_base: the URL that was asked.
        headers: the reply's headers, names in lower case.
        served_model: the model's name in the reply.
        cache_hit: whether it comes from the cache, and nobody was asked.
        service_tier: the tier that served it, where the reply says so beside its usage.
        began: when the reply began, in seconds since the epoch.
        price: returns what a usage of this origin costs, in USD; None where nothing can be said.
    """

    includes_usage: bool = False
    provider: str = ""
    api_base: str = ""
    headers: Mapping[str, str] = {}
    served_model: str | None = None
    cache_hit: bool = False
    service_tier: str | None = None
    began: int | None = None
    price: Callable[["Origin", Any], float | None] | None = None
    _hidden_params: dict[str, Any] | None = None

    def copy(self) -> Self:
        """Return another, which may be changed by itself."""
        return replace(self, _hidden_params=None)

    def cost(self, usage: Any) -> float | None:
        """Return what an answer from here with this usage costs, in USD; None where usage or price are not known."""
        if self.cache_hit:
            return 0.0
        return None if usage is None or self.price is None else self.price(self, usage)

    def hidden_params(self, usage: Any = None) -> dict[str, Any]:
        """Return LiteLLM's `_hidden_params` of an answer with this usage.

        They are made when somebody asks: rate-limit headers by name, all headers with a prefix, what it cost.
        """
        hidden = self._hidden_params
        if hidden is None:
            additional = {f"llm_provider-{name}": value for name, value in self.headers.items()}
            additional.update({name: value for name, value in self.headers.items() if name.startswith("x-ratelimit-")})
            hidden = self._hidden_params = {
                "model_id": None,
                "api_base": self.api_base,
                "custom_llm_provider": self.provider,
                "response_cost": None,
                "cache_hit": self.cache_hit,
                "additional_headers": additional,
            }
        hidden["provider_response_model"] = self.served_model  # known once the reply has begun
        hidden["response_cost"] = self.cost(usage)
        return hidden
