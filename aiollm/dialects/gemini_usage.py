"""Gemini's `usageMetadata` as OpenAI's token counts."""

from __future__ import annotations

from typing import Any

from aiollm.types.lenient import whole_number
from aiollm.types.shape import JSON, is_object
from aiollm.types.usage import Usage

__all__ = ["gemini_usage"]

_MODALITIES = {
    "TEXT": "text_tokens",
    "IMAGE": "image_tokens",
    "VIDEO": "video_tokens",
    "AUDIO": "audio_tokens",
    "DOCUMENT": "document_tokens",
}
# By number too: how a server writes the names that was asked for numbers.
_TOKENS: dict[Any, str] = {**_MODALITIES, **dict(enumerate(_MODALITIES.values(), start=1))}
_BESIDE = {"trafficType": "traffic_type", "serviceTier": "service_tier"}


def gemini_usage(counts: JSON) -> Usage | None:
    """Return the counts in OpenAI's terms, or None when there are none.

    The prompt includes what was cached; the completion includes the thoughts, which Gemini counts beside it unless its
    own total says otherwise. Tokens of the results of Google's tools are in the total only, and told by name.
    """
    if not isinstance(counts, dict) or not any(isinstance(value, int | float) for value in counts.values()):
        return None
    prompt, answer, thoughts, tools, cached, total = (
        whole_number(counts.get(name))
        for name in (
            "promptTokenCount",
            "candidatesTokenCount",
            "thoughtsTokenCount",
            "toolUsePromptTokenCount",
            "cachedContentTokenCount",
            "totalTokenCount",
        )
    )
    completion = answer if thoughts and prompt + answer + tools == total else answer + thoughts
    details = _by_modality(counts.get("promptTokensDetails"))
    spoken = _by_modality(counts.get("candidatesTokensDetails"))
    known: dict[str, Any] = {ours: counts[name] for name, ours in _BESIDE.items() if counts.get(name)}
    if cached:
        details["cached_tokens"] = known["cache_read_input_tokens"] = cached
    if thoughts:
        spoken["reasoning_tokens"] = thoughts
    if tools:
        known["tool_use_prompt_tokens"] = tools
    known["prompt_tokens_details"] = details or None
    known["completion_tokens_details"] = spoken or None
    total = total or prompt + completion + tools
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total, **known)


def _by_modality(details: JSON) -> dict[str, Any]:
    found: dict[str, int] = {}
    for detail in details if isinstance(details, list) else ():
        modality = detail.get("modality") if is_object(detail) else None
        name = _TOKENS.get(modality) if isinstance(modality, str | int) else None
        if name:
            found[name] = found.get(name, 0) + whole_number(detail.get("tokenCount"))
    return found
