"""One way to a model: where it is, what its calls take by default, what it may take, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from aiollm.providers.provider import Target
from aiollm.providers.registry import Api
from aiollm.types.request import Request

__all__ = ["NO_DEFAULTS", "Deployment"]

Place = Callable[[str, Api], Target]

NO_DEFAULTS = Request(model="", messages=())
"""Those of a deployment whose requests are as the callers ask."""


class Deployment(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A deployment of a model, one of those that share a name.

    Attributes:
        id: what names it in errors, attempts and statistics; unique among all of a router's.
        group: the name that callers use; `*` stands for any text.
        model: "provider/model"; a `*` is what the caller's name has in its place.
        place: finds out where a call goes, from "provider/model" and the API that is meant.
        defaults: parameters, headers and the like that its requests have, where the caller gives none.
        rpm, tpm: requests and tokens a minute that it may take; None for any number.
        max_parallel_requests: how many it may take at once; None for any number.
        weight: its part of the traffic beside the weights of the others.
        order: those with the lowest are asked first, the others when none of these can; None comes last.
        tags: what `enable_tag_filtering` compares with the tags of a call.
        timeout, stream_timeout: the longest wait in seconds, where the caller gives none.
        num_retries: how often a failed call is repeated when this one was asked first; None for the router's number.
        cooldown_time: seconds it is left alone after it failed; None for the router's.
        max_input_tokens: the longest prompt it takes, as far as that is known.
        input_cost_per_token, output_cost_per_token: US dollars, as far as they are known.
        prices: what its tokens cost, in the shape of the table of models, where the table's own do not hold.
        params: `litellm_params` as given, without secrets.
        info: `model_info` as given, with the `id`.
    """

    id: str
    group: str
    model: str
    place: Place
    defaults: Request = NO_DEFAULTS
    rpm: int | None = None
    tpm: int | None = None
    max_parallel_requests: int | None = None
    weight: float = 1.0
    order: int | None = None
    tags: frozenset[str] = frozenset()
    timeout: float | None = None
    stream_timeout: float | None = None
    num_retries: int | None = None
    cooldown_time: float | None = None
    max_input_tokens: int | None = None
    input_cost_per_token: float | None = None
    output_cost_per_token: float | None = None
    prices: Mapping[str, Any] | None = None
    params: Mapping[str, Any] = {}
    info: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        # Its parameters may be private.
        return f"<Deployment {self.id} of {self.group}: {self.model}>"

    def target(self, name: str, api: Api) -> Target:
        """Return where a call goes that asks for the group by a name.

        Raises:
            APIError: the deployment cannot be called as it is written down.
        """
        return self.place(named(self.model, self.group, name), api)

    def request(self, asked: Request, model: str) -> Request:
        """Return a caller's request with the defaults of this deployment."""
        own = self.defaults
        if own is NO_DEFAULTS:
            return asked if asked.model == model else msgspec.structs.replace(asked, model=model)
        params = {**own.params, **asked.params} if own.params else asked.params
        return msgspec.structs.replace(
            asked,
            model=model,
            params=params,
            include_usage=asked.stream and bool(params.get("stream_options", {}).get("include_usage")),
            extra_headers={**own.extra_headers, **asked.extra_headers} if own.extra_headers else asked.extra_headers,
            extra_body={**own.extra_body, **asked.extra_body} if own.extra_body else asked.extra_body,
            drop_params=own.drop_params or asked.drop_params,
            additional_drop_params=own.additional_drop_params + asked.additional_drop_params,
            allowed_openai_params=own.allowed_openai_params | asked.allowed_openai_params,
            mock_response=own.mock_response if asked.mock_response is None else asked.mock_response,
        )


def named(model: str, pattern: str, name: str) -> str:
    """Return a deployment's model with what the caller's name has in the place of the pattern's `*`."""
    if "*" not in model or "*" not in pattern:
        return model
    before, _, after = pattern.partition("*")
    return model.replace("*", name[len(before) : len(name) - len(after)], 1)
