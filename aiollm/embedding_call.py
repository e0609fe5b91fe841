"""The asynchronous embeddings: keyword arguments to a request, validated once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from aiollm.api import Find, request_parts, target_of
from aiollm.arguments import (
    checked_embedding_input,
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
from aiollm.providers.identity import hidden_options
from aiollm.providers.provider import Target
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
    priority: int | None = None,
    fairness_key: str | None = None,
    fallbacks: Fallback | None = None,
    cache: Mapping[str, Any] | None = None,
    caching: bool | None = None,
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
    return await embed(DEFAULT.embeddings, embedding_call(locals(), target_of))


async def embed(
    embeddings: Handler[WholeReply[EmbeddingResponse]],  # pyright: ignore[reportInvalidTypeForm]  # binds Answer's properties wrongly
    call: Call,
) -> EmbeddingResponse:
    """Send a call for embeddings through a handler: the policies of a client around the sending."""
    reply = await embeddings(call)
    reply.response._attempts = reply.attempts  # pyright: ignore[reportPrivateUsage]  # not for users to set
    return reply.response


def embedding_call(given: dict[str, Any], find: Find) -> Call:
    """Check all arguments of `aembedding` and find the target, before any I/O.

    Args:
        given: all arguments, by name.
        find: finds out where a call goes, from such arguments.
    """
    scope = CallScope(running_loop(), checked_timeouts(given["timeout"], None, stream=False))

    def build(given: dict[str, Any]) -> Call:
        target = find({**given, "mock_response": None}, "embeddings")
        return Call(_request(given, target), target, scope, place="")

    return msgspec.structs.replace(build(given), options=call_options(given, build))


def _request(given: dict[str, Any], target: Target) -> Request:
    parts = request_parts(given, EMBEDDING_PARAMS)
    parts["params"] = {"input": checked_embedding_input(given["input"]), **parts["params"]}
    return Request(model=target.model, messages=(), known=EMBEDDING_PARAMS, **parts)
