"""The headers of answers: what they tell of a call, under our names, and LiteLLM's where its users go by them.

Of the provider's own headers those of its limits and its id of the request are handed on, and no others: they would
tell every caller where the operator's servers are.
"""

from __future__ import annotations

import re
from functools import lru_cache

from aiollm.dialects.errors import request_id as provider_request_id
from aiollm.engine.answer import Answer
from aiollm.engine.attempt import Attempt, Cause

__all__ = [
    "EVENT_STREAM",
    "JSON",
    "REQUEST_ID",
    "SERVER",
    "answer_headers",
    "answering_attempt",
    "safe_value",
    "stream_headers",
]

REQUEST_ID = "x-request-id"
SERVER = "aiollm"
"""Who answers, in the place of aiohttp's word for it, which tells its version and Python's."""

EVENT_STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json; charset=utf-8"

_SAFE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")
_LIMITS = "x-ratelimit-"


def safe_value(value: str) -> str | None:
    """Return the value of a header if it can be one of ours too; a line end in it would begin a header of its own."""
    return value if _SAFE.fullmatch(value) else None


def stream_headers(request_id: str) -> dict[str, str]:
    """Return what any stream begins with, when nothing is known of the answer yet."""
    return {
        "content-type": EVENT_STREAM,
        "cache-control": "no-cache",
        "x-accel-buffering": "no",  # nginx would hold the events back
        REQUEST_ID: request_id,
        "x-litellm-call-id": request_id,
    }


def answer_headers(answer: Answer, own: Attempt | None, model: str, request_id: str) -> dict[str, str]:
    """Return what is told of an answer that has begun.

    Args:
        answer: the answer.
        own: the attempt that it came of, or None.
        model: the name of the model that the caller knows it by.
        request_id: the request's own id.
    """
    causes = tuple([attempt.cause for attempt in answer.attempts])
    told = {
        REQUEST_ID: request_id,
        "x-litellm-call-id": request_id,
        **_course(model, None if own is None else own.deployment, causes),
    }
    if answer.origin.cache_hit:
        told["x-aiollm-cache"] = "hit"
    headers = answer.head.headers
    for name, value in headers.items():
        if name.startswith(_LIMITS) and (safe := safe_value(value)) is not None:
            told[name] = safe
    if (upstream := provider_request_id(headers)) and (safe := safe_value(upstream)) is not None:
        told["x-upstream-request-id"] = safe
    return told


def answering_attempt(answer: Answer) -> Attempt | None:
    """Return the attempt that an answer came of; None for one that was kept."""
    origin = answer.origin
    for attempt in reversed(answer.attempts):
        if attempt.origin is origin:
            return attempt
    return None


@lru_cache(maxsize=1024)
def _course(model: str, deployment: str | None, causes: tuple[Cause, ...]) -> dict[str, str]:
    """Return the headers that tell how an answer came, and of whom; what cannot be a header is left out."""
    told = {
        "x-aiollm-attempts": str(len(causes)),
        "x-litellm-attempted-retries": str(causes.count("retry")),
        "x-litellm-attempted-fallbacks": str(causes.count("fallback")),
    }
    if safe := safe_value(model):
        told |= {"x-aiollm-model": safe, "x-litellm-model-group": safe}
    if deployment and (safe := safe_value(deployment)):
        told |= {"x-aiollm-deployment": safe, "x-litellm-model-id": safe}
    return told
