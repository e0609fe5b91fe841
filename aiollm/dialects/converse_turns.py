"""Chat messages in OpenAI's shape, as Converse's system prompt and turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiollm.dialects.body import misplaced
from aiollm.dialects.converse_content import cache_point, content_blocks
from aiollm.dialects.turns import (
    Block,
    Message,
    Reader,
    Turn,
    call_arguments,
    call_id,
    named_function,
    system_and_turns,
)
from aiollm.types.shape import is_object

__all__ = ["called_tools", "converse_turns"]


def converse_turns(messages: Sequence[Message]) -> tuple[list[Block], list[Turn]]:
    """Return the blocks of the system prompt, and the turns.

    Raises:
        BadRequestError: a message cannot be said in Converse's terms, or there is none but of the system.
    """
    system, turns = system_and_turns(messages, _READERS, _marked, asked="Bedrock")
    _tell_documents_apart(turns)
    return system, turns


def called_tools(turns: Sequence[Turn]) -> list[str]:
    """Return the names of the tools that were called in the turns, each once."""
    blocks = (block for turn in turns for block in turn["content"])
    return list(dict.fromkeys(block["toolUse"]["name"] for block in blocks if "toolUse" in block))


def _marked(blocks: list[Block], message: Message) -> list[Block]:
    """Put a message's `cache_control` behind its blocks."""
    return [*blocks, *cache_point(message.get("cache_control"))] if blocks else blocks


def _tell_documents_apart(turns: Sequence[Turn]) -> None:
    """Give documents of the same name numbers: Bedrock refuses two of one name."""
    seen: dict[str, int] = {}
    for turn in turns:
        for block in turn["content"]:
            if is_object(document := block.get("document")) and isinstance(name := document.get("name"), str):
                seen[name] = seen.get(name, 0) + 1
                if seen[name] > 1:
                    document["name"] = f"{name} {seen[name]}"


def _content(message: Message, place: str) -> list[Block]:
    return content_blocks(message.get("content"), f"{place}.content")


def _assistant_blocks(message: Message, place: str) -> list[Block]:
    thinking = [block for part in message.get("thinking_blocks") or () if (block := _thinking_block(part))]
    text = _content(message, place)
    calls = [
        _tool_use(call, f"{place}.tool_calls[{position}]")
        for position, call in enumerate(message.get("tool_calls") or ())
    ]
    return thinking + text + calls


def _thinking_block(part: Mapping[str, Any]) -> Block | None:
    """Return a block of thinking as it came: its data is base64 already. Thinking that nobody signed is left out."""
    if part.get("type") == "redacted_thinking":
        return {"reasoningContent": {"redactedContent": part.get("data") or ""}}
    if not part.get("signature"):
        return None
    text = {"text": part.get("thinking") or "", "signature": part["signature"]}
    return {"reasoningContent": {"reasoningText": text}}


def _tool_use(call: Mapping[str, Any], place: str) -> Block:
    function = named_function(call, place)
    identifier = call_id(call.get("id"), f"{place}.id")
    arguments = call_arguments(function.get("arguments"), f"{place}.function.arguments")
    return {"toolUse": {"toolUseId": identifier, "name": function["name"], "input": arguments}}


def _tool_result(message: Message, place: str) -> list[Block]:
    """Return a tool's result; one that says nothing has no content."""
    identifier = call_id(message.get("tool_call_id"), f"{place}.tool_call_id")
    blocks = _content(message, place)
    content = [block for block in blocks if "cachePoint" not in block]
    points = [block for block in blocks if "cachePoint" in block]
    return [{"toolResult": {"toolUseId": identifier, "content": content}}, *points]


def _old_function(message: Message, place: str) -> list[Block]:
    raise misplaced(place, "has OpenAI's older role 'function'; answer the calls of `tools` with the role 'tool'")


_READERS: Mapping[str, Reader] = {
    "assistant": _assistant_blocks,
    "developer": _content,
    "function": _old_function,
    "system": _content,
    "tool": _tool_result,
    "user": _content,
}
