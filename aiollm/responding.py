"""The signature of a call of the Responses API for type checkers: what comes back depends on `stream`.

There is no `from __future__ import annotations` here: a TypedDict would compile the text of each annotation at every
start, 0.5 ms of 0.6.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict, TypeVar, Unpack, overload

from aiollm.calling import Fallback
from aiollm.types.secret import Secret
from aiollm.types.timeouts import Timeouts

__all__ = ["ResponseInput", "ResponsesCall", "ResponsesOptions"]

ResponseInput = str | Sequence[Mapping[str, Any] | Any]
"""A text, or input items: dicts in the API's shape, or objects with `model_dump`, as the items of an earlier output."""

Stream_co = TypeVar("Stream_co", covariant=True)
Whole_co = TypeVar("Whole_co", covariant=True)


class ResponsesOptions(TypedDict, total=False):
    """The keyword arguments of `aresponses`: the API's own, then those that say where and how to call it."""

    background: bool | None
    context_management: Sequence[Mapping[str, Any]] | None
    conversation: str | Mapping[str, Any] | None
    include: Sequence[str] | None
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    metadata: Mapping[str, str] | None
    parallel_tool_calls: bool | None
    previous_response_id: str | None
    prompt: Mapping[str, Any] | None
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    reasoning: Mapping[str, Any] | None
    safety_identifier: str | None
    service_tier: str | None
    store: bool | None
    stream_options: Mapping[str, Any] | None
    temperature: float | None
    text: Mapping[str, Any] | None
    text_format: type | None
    tool_choice: str | Mapping[str, Any] | None
    tools: Sequence[Any] | None
    top_logprobs: int | None
    top_p: float | None
    truncation: str | None
    user: str | None

    timeout: float | Timeouts | None
    stream_timeout: float | None
    extra_headers: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    api_base: str | None
    base_url: str | None
    api_key: str | Secret | None
    api_version: str | None
    azure_ad_token: str | Secret | None
    azure_ad_token_provider: Callable[[], Any] | None
    organization: str | None
    custom_llm_provider: str | None
    drop_params: bool
    additional_drop_params: Sequence[str]
    num_retries: int | None
    max_retries: int | None
    priority: int | None
    fairness_key: str | None
    fallbacks: Fallback | None
    cache: Mapping[str, Any] | None
    caching: bool | None


class ResponsesCall(Protocol[Stream_co, Whole_co]):
    """A function that asks a model for a response: `aresponses`, or its blocking twin `responses`."""

    @overload
    def __call__(
        self, input: ResponseInput, model: str, *, stream: Literal[True], **options: Unpack[ResponsesOptions]
    ) -> Stream_co: ...

    @overload
    def __call__(
        self,
        input: ResponseInput,
        model: str,
        *,
        stream: Literal[False] | None = None,
        **options: Unpack[ResponsesOptions],
    ) -> Whole_co: ...

    @overload
    def __call__(
        self, input: ResponseInput, model: str, *, stream: bool | None, **options: Unpack[ResponsesOptions]
    ) -> Stream_co | Whole_co: ...
