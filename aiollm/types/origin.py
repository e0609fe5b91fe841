"""Where an answer came from: what its chunks and its response share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field

__all__ = ["Origin"]


@define
class Origin:
    """The reply that an answer is read from.

    Attributes:
        includes_usage: whether the caller asked for usage, so that every chunk has the field, null but on the last.
        provider: the provider's name.
        api_base: the URL that was asked.
        headers: the reply's headers, names in lower case.
        served_model: the model's name in the reply.
        cache_hit: whether it comes from the cache, and nobody was asked.
    """

    includes_usage: bool = False
    provider: str = ""
    api_base: str = ""
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    served_model: str | None = None
    cache_hit: bool = False
    _hidden_params: dict[str, Any] | None = field(default=None, init=False, repr=False)

    @property
    def hidden_params(self) -> dict[str, Any]:
        """LiteLLM's `_hidden_params`, made when somebody asks: rate-limit headers by name, and all with a prefix."""
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
        return hidden
