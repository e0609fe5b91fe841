"""What whole and streamed answers in Anthropic's format have in common."""

from __future__ import annotations

from typing import Any

import msgspec

from aiollm.types.response import Message
from aiollm.types.usage import Usage

__all__ = ["STOP_REASONS", "blocks_of", "counts_of"]

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """Return the content blocks of an answer: Claude's own where there are any, else thinking, text and calls."""
    own = (message.provider_specific_fields or {}).get("content_blocks")
    if own:
        return list(own)
    blocks: list[dict[str, Any]] = list(message.thinking_blocks or ())
    if not blocks and message.reasoning_content:
        blocks.append({"type": "thinking", "thinking": message.reasoning_content, "signature": ""})
    if text := message.content or message.refusal:
        blocks.append({"type": "text", "text": text})
    for call in message.tool_calls or ():
        if call.function is not None:
            given = _object(call.function.arguments)
            blocks.append({"type": "tool_use", "id": call.id, "name": call.function.name, "input": given})
    return blocks


def _object(arguments: str) -> Any:
    """Return the arguments of a call. Models write broken JSON at times: the text is kept then, under a name."""
    try:
        return msgspec.json.decode(arguments or "{}")
    except ValueError:
        return {"arguments": arguments}


def counts_of(usage: Usage | None) -> dict[str, Any]:
    """Return token counts in Anthropic's terms, where what the cache has is counted beside the input."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    details = usage.prompt_tokens_details
    read = (details.cached_tokens or 0) if details else 0
    written = ((details.cache_creation_tokens or details.cache_write_tokens) or 0) if details else 0
    return {
        "input_tokens": max(usage.prompt_tokens - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.completion_tokens,
    }
