"""What the wire formats of embeddings have in common."""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.errors import MALFORMED, error_from_object
from aiollm.exceptions import APIError, APIResponseValidationError, BadRequestError
from aiollm.types.embedding import Embedding, EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.lenient import lenient_json, whole_number
from aiollm.types.request import Request
from aiollm.types.shape import JSON, is_array
from aiollm.types.usage import Usage

__all__ = [
    "input_count",
    "prompt_usage",
    "read_reply",
    "renamed",
    "response_of",
    "texts_of",
    "vector_of",
]


def texts_of(request: Request, endpoint: Endpoint) -> list[str]:
    """Return the texts of a request, in a list.

    Raises:
        BadRequestError: they are lists of token ids.
    """
    given: Any = request.params["input"]
    texts = given if is_array(given) else [given]
    if not all(isinstance(text, str) for text in texts):
        raise BadRequestError(
            f"{endpoint.provider} embeds texts, and takes no token ids",
            model=request.model,
            llm_provider=endpoint.provider,
            param="input",
            phase="request",
        )
    return texts


def input_count(request: Request) -> int:
    """Return how many vectors a request asks for: a text, or a list of token ids, is one input."""
    given = request.params["input"]
    return 1 if isinstance(given, str) or isinstance(given[0], int) else len(given)


def renamed(params: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters without the input, under a format's own names."""
    return {names.get(name, name): value for name, value in params.items() if name != "input"}


def read_reply(
    body: bytes, request: Request, context: Context, read: Callable[[Any], EmbeddingResponse]
) -> EmbeddingResponse:
    """Return what a format reads in the body of a reply, once it is found to be right.

    Args:
        read: makes the response of the decoded body.

    Raises:
        APIError: the body is an error, or no answer, or does not hold a vector for each input.
    """
    try:
        payload: JSON = lenient_json(body)
    except ValueError as error:
        raise _no_answer(f"with something that is no JSON ({error})", body, request, context) from None
    if isinstance(payload, dict) and payload.get("error"):
        raise error_from_object(payload, provider=context.endpoint.provider, model=request.model)
    try:
        response = read(payload)
    except MALFORMED as error:
        raise _no_answer(f"without embeddings that can be read ({error!r})", body, request, context) from None
    wanted = input_count(request)
    if len(response.data) != wanted:
        raise _no_answer(f"with {len(response.data)} vectors for {wanted} inputs", body, request, context)
    context.origin.served_model = response.model
    response.model = response.model or request.model
    response._origin = context.origin
    return response


def response_of(vectors: JSON, usage: Usage | None, **members: Any) -> EmbeddingResponse:
    """Return a response of vectors in the order of the inputs.

    Raises:
        TypeError: they are no list, or one is no list of numbers, and no text.
    """
    if not isinstance(vectors, list):
        raise TypeError("the vectors are no list")
    data = [Embedding(embedding=vector_of(vector), index=place) for place, vector in enumerate(vectors)]
    return EmbeddingResponse(data=data, usage=usage, **members)


def prompt_usage(tokens: Any) -> Usage | None:
    """Return a count of the input's tokens as the usage; None where there is no count."""
    count = whole_number(tokens)
    return Usage(prompt_tokens=count, total_tokens=count) if count else None


def vector_of(vector: JSON) -> Any:
    """Return what a provider sent as a vector.

    Raises:
        TypeError: it is no list of numbers, and no text.
    """
    if isinstance(vector, str) or (isinstance(vector, list) and vector and not isinstance(vector[0], list)):
        return vector
    raise TypeError("a vector is no list of numbers")


def _no_answer(what: str, body: bytes, request: Request, context: Context) -> APIError:
    quoted = body[:120].decode("utf-8", "replace")
    return APIResponseValidationError(
        f"{context.endpoint.provider} answered {what}; the body begins {quoted!r}",
        model=request.model,
        llm_provider=context.endpoint.provider,
    )
