"""What the chunks and the whole answers of OpenAI's format have in common."""

from __future__ import annotations

from typing import Any

import msgspec

from aiollm.dialects.errors import error_from_object
from aiollm.exceptions import APIError, InternalServerError
from aiollm.types.chunk import Delta
from aiollm.types.shape import JSON

__all__ = ["HEAD_FIELDS", "broken_off", "normal_message"]

HEAD_FIELDS = frozenset({"id", "created", "model", "object", "system_fingerprint", "choices", "usage", "service_tier"})
"""The members of a chunk or an answer that OpenAI has."""

_THOUGHTS = ("thinking", "reasoning")  # types of parts
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

    Content may be a list of typed parts (Mistral, Databricks), or an object where JSON was asked for (Cloudflare);
    reasoning has three names; an empty call in OpenAI's older form is none (Snowflake).
    """
    fields = {name: value for name, value in message.items() if value is not None or name not in _DELTA_FIELDS}
    reasoning = fields.get("reasoning_content") or fields.get("reasoning") or fields.pop("reasoning_text", None)
    content: JSON = fields.get("content")
    if isinstance(content, list):
        fields["content"], thought = _join_parts(content)
        reasoning = reasoning or thought
        if blocks := _signed_blocks(content):
            fields.setdefault("thinking_blocks", blocks)
    elif isinstance(content, dict):
        fields["content"] = msgspec.json.encode(content).decode()
    if isinstance(reasoning, str) and reasoning:
        fields["reasoning_content"] = reasoning
    call = fields.get("function_call")
    if call is not None and not any(call.values()):
        del fields["function_call"]
    return fields


def _join_parts(parts: list[Any]) -> tuple[str, str]:
    """Return the text and the reasoning in a list of content parts."""
    text: list[str] = []
    thought: list[str] = []
    for part in parts:
        if isinstance(part, str):
            text.append(part)
        elif part.get("type") in _THOUGHTS:
            inner = part.get("thinking") or part.get("summary") or part.get("text") or ""
            thought.append(inner if isinstance(inner, str) else "".join(_join_parts(inner)))
        else:
            text.append(part.get("text") or "")
    return "".join(text), "".join(thought)


def _signed_blocks(parts: list[Any]) -> list[dict[str, Any]]:
    """Return the reasoning that has a place for a signature, which must come back with it in the next request."""
    blocks: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, str) or part.get("type") not in _THOUGHTS:
            continue
        # Databricks signs each item of a summary, Mistral the whole part.
        for item in part["summary"] if isinstance(part.get("summary"), list) else [part]:
            if "signature" in item:
                text = item["text"] if "text" in item else _join_parts([item])[1]
                blocks.append({"type": "thinking", "thinking": text, "signature": item["signature"] or ""})
    return blocks
