"""What the chunks and the whole answers of OpenAI's format have in common."""

from __future__ import annotations

from typing import Any

from aiollm.dialects.errors import error_from_object
from aiollm.exceptions import APIError, InternalServerError
from aiollm.types.chunk import Delta

__all__ = ["HEAD_FIELDS", "broken_off", "normal_message"]

HEAD_FIELDS = frozenset({"id", "created", "model", "object", "system_fingerprint", "choices", "usage", "service_tier"})
"""The members of a chunk or an answer that OpenAI has."""

_DELTA_FIELDS = frozenset(Delta.__struct_fields__)


def broken_off(choice: dict[str, Any], *, provider: str, model: str) -> APIError:
    """Return the error for a choice whose finish reason says that the provider broke off."""
    if choice.get("error"):
        return error_from_object(choice, provider=provider, model=model)
    native = choice["finish_reason"]
    return InternalServerError(
        f"{provider} broke off the answer with finish reason {native!r}",
        model=model,
        llm_provider=provider,
        status_code=502,
        code=native,
        body=choice,
    )


def normal_message(message: dict[str, Any]) -> dict[str, Any]:
    """Return a delta or message with its text and reasoning where OpenAI has them; other fields are kept.

    Content may be a list of typed parts (Mistral, Databricks); reasoning has three names.
    """
    fields = {name: value for name, value in message.items() if value is not None or name not in _DELTA_FIELDS}
    reasoning = fields.get("reasoning_content") or fields.get("reasoning") or fields.pop("reasoning_text", None)
    if isinstance(fields.get("content"), list):
        fields["content"], thought = _join_parts(fields["content"])
        reasoning = reasoning or thought
    if isinstance(reasoning, str) and reasoning:
        fields["reasoning_content"] = reasoning
    return fields


def _join_parts(parts: list[Any]) -> tuple[str, str]:
    """Return the text and the reasoning in a list of content parts."""
    text, thought = [], []
    for part in parts:
        if isinstance(part, str):
            text.append(part)
        elif part.get("type") in ("thinking", "reasoning"):
            inner = part.get("thinking") or part.get("summary") or part.get("text") or ""
            thought.append(inner if isinstance(inner, str) else "".join(_join_parts(inner)))
        else:
            text.append(part.get("text") or "")
    return "".join(text), "".join(thought)
