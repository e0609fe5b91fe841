"""The asynchronous embeddings: keyword arguments to a request, validated once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from aiollm.api import target_of
from aiollm.arguments import (
    checked_dict,
    checked_embedding_input,
    checked_flag,
    checked_headers,
    checked_names,
    checked_parameters,
    checked_timeouts,
    hidden,
)
from aiollm.calling import Fallback
from aiollm.core.call_scope import CallScope
from aiollm.core.runtime import running_loop
from aiollm.engine.answer import WholeReply
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.policy_arguments import call_options
from aiollm.providers.identity import IDENTITY_OPTIONS, hidden_options
from aiollm.stack import DEFAULT
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.parameters import EMBEDDING_PARAMS
from aiollm.types.request import Request
from aiollm.types.secret import Secret
from aiollm.types.timeouts import Timeouts

__all__ = ["EmbeddingInput", "aembedding", "embed", "embedding_call"]

EmbeddingInput = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]
"""A text, texts, the token ids of a text, or of texts."""


async def aembedding(
    model: str,
    input: EmbeddingInput,
    *,
    dimensions: int | None = None,
    encoding_format: str | None = None,
    user: str | None = None,
    timeout: float | Timeouts | None = None,
    extra_headers: Mapping[str, str] | None = None,
    extra_body: Mapping[str, Any] | None = None,
    api_base: str | None = None,
    base_url: str | None = None,
    api_key: str | Secret | None = None,
    api_version: str | None = None,
    azure_ad_token: str | Secret | None = None,
    azure_ad_token_provider: Callable[[], Any] | None = None,
    organization: str | None = None,
    custom_llm_provider: str | None = None,
    drop_params: bool = False,
    additional_drop_params: Sequence[str] = (),
    allowed_openai_params: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    num_retries: int | None = None,
    max_retries: int | None = None,
    fallbacks: Fallback | None = None,
    **provider_params: Any,
) -> EmbeddingResponse:
    """Ask a model for the vectors of texts.

    Args:
        model: "provider/model", as in "openai/text-embedding-3-small", which needs no prefix.
        input: a text or a list of texts; where the provider takes them, a list of token ids, or a list of such lists.
            A model that takes one text a request (Amazon's Titan) is sent one after the other.
        dimensions: how long the vectors are to be.
        encoding_format: "float" (also where nothing is said), or "base64" where the provider has it: the vector is then
            text, as the provider sent it.
        user: who the call is for, where the provider takes that.
        timeout: seconds for the whole call, or a `Timeouts`; 600 where nothing is said.
        metadata: notes of the caller's on the call; never sent.
        provider_params: further parameters, sent as they are, such as Cohere's `input_type` or Google's `task_type`.

    The other arguments are those of `acompletion`.

    Returns:
        An `EmbeddingResponse` with a vector for each input, in their order.

    Raises:
        BadRequestError: an argument is wrong, or the provider has no embeddings; nothing was sent.
        APIResponseValidationError: the reply does not hold a vector for each input.
        APIError: anything else that the provider or the network did, each with its own class.
        Timeout: one of the clocks ran out.

    Cancelling closes the connection.
    """
    # Hidden before anything can fail: a traceback that captures locals would show them.
    api_key, azure_ad_token, extra_headers = hidden(api_key), hidden(azure_ad_token), hidden(extra_headers)
    provider_params = hidden_options(provider_params)
    return await embed(DEFAULT.embeddings, locals())


async def embed(embeddings: Handler[WholeReply[EmbeddingResponse]], given: dict[str, Any]) -> EmbeddingResponse:
    """Send a call for embeddings through a handler.

    Args:
        embeddings: the policies of a client around the sending.
        given: all arguments of `aembedding`, by name.
    """
    return (await embeddings(embedding_call(given))).response


def embedding_call(given: dict[str, Any]) -> Call:
    """Check all arguments of `aembedding` and find the target, before any I/O."""
    scope = CallScope(running_loop(), checked_timeouts(given["timeout"], None, stream=False))

    def build(given: dict[str, Any]) -> Call:
        return _call(given, scope)

    return msgspec.structs.replace(build(given), options=call_options(given, build))


def _call(given: dict[str, Any], scope: CallScope) -> Call:
    target = target_of({**given, "mock_response": None}, api="embeddings")
    params = checked_parameters(given, EMBEDDING_PARAMS)
    params.update((name, value) for name, value in given["provider_params"].items() if name not in IDENTITY_OPTIONS)
    request = Request(
        model=target.model,
        messages=(),
        params={"input": checked_embedding_input(given["input"]), **params},
        known=EMBEDDING_PARAMS,
        extra_headers=checked_headers(given["extra_headers"]),
        extra_body=checked_dict("extra_body", given["extra_body"]),
        drop_params=checked_flag("drop_params", given["drop_params"]),
        additional_drop_params=checked_names("additional_drop_params", given["additional_drop_params"]),
        allowed_openai_params=frozenset(checked_names("allowed_openai_params", given["allowed_openai_params"])),
        metadata=checked_dict("metadata", given["metadata"]),
    )
    return Call(request, target, scope)
