"""What of a Claude answer has no place in OpenAI's shape, and where it is put all the same.

In `provider_specific_fields`, under LiteLLM's names: `citations`, `web_search_results`, `tool_results`,
`compaction_blocks`, `container`, `context_management`; of ours are `server_tool_calls` (calls that the provider makes
itself; they are no `tool_calls`, because nobody is to answer them) and `content_blocks`, the answer's own blocks, where
their order says more than the other fields can. A message that is sent back is made of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiollm.types.lenient import whole_number
from aiollm.types.shape import EMPTY
from aiollm.types.usage import Usage

__all__ = ["STATUS_OF_ERROR", "annotation_of", "ending_fields", "has_order", "server_fields", "usage_of"]

Block = dict[str, Any]

STATUS_OF_ERROR = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that an error inside a stream would have had as a reply (https://platform.claude.com/docs/en/api/errors)."""

_PLAIN_ORDER = ("thinking", "text", "tool_use")  # what can be put together again from a message's fields
_SEARCH_RESULTS = frozenset({"web_search_tool_result", "web_fetch_tool_result"})
_COUNTS = frozenset(
    {"input_tokens", "output_tokens", "output_tokens_details", "cache_creation"}
)  # of a usage, those that have a place in OpenAI's


def server_fields(block: Block) -> dict[str, Any] | None:
    """Return the provider's fields for a whole block of the server's own doing; None for a block of another kind."""
    kind = block.get("type") or ""
    if kind in _SEARCH_RESULTS:
        return {"web_search_results": [block]}
    if kind.endswith("_tool_result"):
        return {"tool_results": [block]}
    if kind in ("server_tool_use", "mcp_tool_use"):
        return {"server_tool_calls": [block]}
    if kind == "compaction":
        return {"compaction_blocks": [block]}
    return None


def has_order(blocks: Sequence[Block]) -> bool:
    """Whether the blocks cannot be put together again from thinking, text and tool calls, in this order."""
    kinds = ["thinking" if block.get("type") == "redacted_thinking" else block.get("type") for block in blocks]
    if any(kind not in _PLAIN_ORDER for kind in kinds) or kinds.count("text") > 1:
        return True
    places = [_PLAIN_ORDER.index(str(kind)) for kind in kinds]
    return places != sorted(places) or any(block.get("citations") or block.get("caller") for block in blocks)


def annotation_of(citation: Mapping[str, Any], start: int, end: int) -> dict[str, Any] | None:
    """Return OpenAI's annotation for the citation of a web page; None for one of a document.

    Args:
        start, end: the place in the answer's text, in characters.
    """
    if not citation.get("url"):
        return None
    place = {"url": citation["url"], "title": citation.get("title") or "", "start_index": start, "end_index": end}
    return {"type": "url_citation", "url_citation": place}


def ending_fields(message: Mapping[str, Any], outer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provider's fields for how an answer ended.

    Args:
        message: what has the reason of the end: a whole message, or the delta of the last event.
        outer: what has the rest: the same message, or that event.
    """
    fields = {name: message.get(name) for name in ("stop_sequence", "stop_details", "container")}
    fields |= {name: outer.get(name) for name in ("context_management", "input_transformations")}
    if message.get("stop_reason") in ("pause_turn", "refusal"):
        fields["stop_reason"] = message["stop_reason"]
    return {name: value for name, value in fields.items() if value is not None}


def usage_of(counts: Mapping[str, Any]) -> Usage | None:
    """Return Anthropic's counts in OpenAI's terms, or None when there are none.

    Anthropic counts what was read from and written to the cache beside `input_tokens`; OpenAI counts it in.
    """
    if not any(isinstance(counts.get(name), int | float) for name in ("input_tokens", "output_tokens")):
        return None
    fresh, answer = whole_number(counts.get("input_tokens")), whole_number(counts.get("output_tokens"))
    written, read = counts.get("cache_creation_input_tokens"), counts.get("cache_read_input_tokens")
    prompt = fresh + whole_number(written) + whole_number(read)
    details: dict[str, Any] = {"text_tokens": fresh}
    if read is not None:
        details["cached_tokens"] = read
    if written is not None:
        details |= {"cache_creation_tokens": written, "cache_write_tokens": written}
    if counts.get("cache_creation"):
        details["cache_creation_token_details"] = counts["cache_creation"]
    known = {name: value for name, value in counts.items() if name not in _COUNTS and value is not None}
    known |= {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    if len(details) > 1:
        known["prompt_tokens_details"] = details
    thought = (counts.get("output_tokens_details") or EMPTY).get("thinking_tokens")
    if thought is not None:
        spoken = max(answer - whole_number(thought), 0)
        known["completion_tokens_details"] = {"reasoning_tokens": thought, "text_tokens": spoken}
    return Usage(**known)
