"""What the events and the whole answers of the Responses API have in common, in the terms of chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.dialects.usage import usage_from_object
from aiollm.types.shape import EMPTY, is_object
from aiollm.types.usage import Usage

__all__ = [
    "call_of",
    "chat_annotation",
    "chat_usage",
    "failure_of",
    "finish_of",
    "image_of",
    "native_reason",
    "texts_of",
]

_USAGE_NAMES = {
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "input_tokens_details": "prompt_tokens_details",
    "output_tokens_details": "completion_tokens_details",
}

_INCOMPLETE = {"content_filter": "content_filter", "steered": "stop"}


def chat_usage(counts: Any) -> Usage | None:
    """Return the counts of a response under the names of chat completions, or None when there are none."""
    if not is_object(counts):
        return None
    return usage_from_object({_USAGE_NAMES.get(name, name): value for name, value in counts.items()})


def native_reason(response: Mapping[str, Any]) -> str | None:
    """Return why a response is incomplete, in its own words; None when it is whole."""
    if response.get("status") != "incomplete":
        return None
    return (response.get("incomplete_details") or EMPTY).get("reason") or "incomplete"


def finish_of(response: Mapping[str, Any], *, called_tools: bool | None = None) -> str:
    """Return the finish reason of a response that has ended, in chat's terms.

    Args:
        response: the response object.
        called_tools: whether tools of the caller's were called, where that is known better than by the output.
    """
    native = native_reason(response)
    if native is not None:
        return _INCOMPLETE.get(native, "length")
    if called_tools is None:
        called_tools = any(call_of(item, whole=False) for item in response.get("output") or ())
    return "tool_calls" if called_tools else "stop"


def failure_of(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return the error of a failed response in the form of an error body."""
    error = response.get("error") or {"message": f"the response has the status {response.get('status')!r}"}
    return {"error": error}


def call_of(item: Mapping[str, Any], *, whole: bool) -> dict[str, Any] | None:
    """Return the tool call of an output item in chat's form, or None when it is none of the caller's tools.

    Args:
        item: the output item.
        whole: with its arguments; else only what opens it.
    """
    call = {"id": item.get("call_id") or item.get("id")}
    if item.get("type") == "function_call":
        arguments = item.get("arguments") or "" if whole else ""
        return {**call, "type": "function", "function": {"name": item.get("name"), "arguments": arguments}}
    if item.get("type") == "custom_tool_call":
        written = item.get("input") or "" if whole else ""
        return {**call, "type": "custom", "custom": {"name": item.get("name"), "input": written}}
    return None


def texts_of(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the texts of a message or reasoning item as pairs of a delta's field and a text, in order."""
    if item.get("type") == "reasoning":
        # What the model thought, or else what may be shown of it.
        parts = item.get("content") or item.get("summary") or ()
        return [("reasoning_content", "\n\n".join(part.get("text") or "" for part in parts))]
    fields = {"output_text": "content", "refusal": "refusal", "text": "content"}
    return [
        (fields[part["type"]], part.get("text") or part.get("refusal") or "")
        for part in item.get("content") or ()
        if part.get("type") in fields
    ]


def chat_annotation(annotation: Mapping[str, Any]) -> dict[str, Any]:
    """Return an annotation as chat completions have it; those that they do not have stay as they are."""
    if annotation.get("type") != "url_citation" or "url_citation" in annotation:
        return dict(annotation)
    cited = {name: value for name, value in annotation.items() if name != "type"}
    return {"type": "url_citation", "url_citation": cited}


def image_of(item: Mapping[str, Any], index: int) -> dict[str, Any] | None:
    """Return the image that an item has drawn, as LiteLLM's `images` have it, or None."""
    if item.get("type") != "image_generation_call" or not item.get("result"):
        return None
    kind = item.get("output_format") or "png"
    return {"type": "image_url", "index": index, "image_url": {"url": f"data:image/{kind};base64,{item['result']}"}}
