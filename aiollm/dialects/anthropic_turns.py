"""Chat messages in OpenAI's shape, as Anthropic's system prompt and turns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aiollm.dialects.anthropic_content import blocks_of, is_blank
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
from aiollm.types.shape import EMPTY

__all__ = ["called_tools", "claude_turns"]

_ID = re.compile(r"[^a-zA-Z0-9_-]")  # what an id may not have: another provider's call may have been answered before


def claude_turns(messages: Sequence[Message]) -> tuple[list[Block], list[Turn]]:
    """Return the blocks of the system prompt, and the turns.

    Raises:
        BadRequestError: a message cannot be said in Anthropic's terms, or there is none but of the system.
    """
    system, turns = system_and_turns(messages, _READERS, _marked, asked="Claude")
    if turns[-1]["role"] == "assistant":
        _trim(turns[-1]["content"])
    return system, turns


def called_tools(turns: Sequence[Turn]) -> list[str]:
    """Return the names of the tools that were called in the turns, each once."""
    blocks = (block for turn in turns for block in turn["content"])
    return list(dict.fromkeys(block["name"] for block in blocks if block.get("type") == "tool_use"))


def _marked(blocks: list[Block], message: Message) -> list[Block]:
    """Put a message's `cache_control` on the last block that may have it."""
    control = message.get("cache_control")
    takers = [block for block in blocks if block.get("type") not in ("thinking", "redacted_thinking")]
    if control and takers:
        takers[-1]["cache_control"] = control
    return blocks


def _trim(blocks: list[Block]) -> None:
    """Take the white space off the end of a beginning that the model is to continue: the API refuses it."""
    if blocks[-1].get("type") == "text":
        blocks[-1] = {**blocks[-1], "text": blocks[-1]["text"].rstrip()}


def _content(message: Message, place: str) -> list[Block]:
    return blocks_of(message.get("content"), f"{place}.content")


def _assistant_blocks(message: Message, place: str) -> list[Block]:
    """Return what the assistant said, in its own blocks where we gave them out with the answer.

    Those are needed for answers whose order says something (a search between two texts, say), and only as long as
    nobody has changed the text.
    """
    text = _content(message, place)
    own = (message.get("provider_specific_fields") or EMPTY).get("content_blocks")
    if own and _text_of(own) == _text_of(text):
        return [dict(block) for block in own if not is_blank(block) and not _is_unsigned(block)]
    thinking = [_thinking_block(block) for block in message.get("thinking_blocks") or () if not _is_unsigned(block)]
    calls = [
        _tool_use(call, f"{place}.tool_calls[{position}]")
        for position, call in enumerate(message.get("tool_calls") or ())
    ]
    if function := message.get("function_call"):
        calls.append(_tool_use({"id": function.get("name"), "function": function}, f"{place}.function_call"))
    return thinking + text + calls


def _text_of(blocks: Sequence[Block]) -> str:
    return "".join(block.get("text") or "" for block in blocks if block.get("type") == "text")


def _is_unsigned(block: Mapping[str, Any]) -> bool:
    """Whether a block is thinking that the API would not take back: it wants its own signature on it."""
    return block.get("type") == "thinking" and not block.get("signature")


def _thinking_block(block: Mapping[str, Any]) -> Block:
    names = ("type", "data") if block.get("type") == "redacted_thinking" else ("type", "thinking", "signature")
    return {name: block.get(name) or "" for name in names}


def _tool_use(call: Mapping[str, Any], place: str) -> Block:
    function = named_function(call, place)
    block = {
        "type": "tool_use",
        "id": _tool_id(call.get("id"), f"{place}.id"),
        "name": function["name"],
        "input": call_arguments(function.get("arguments"), f"{place}.function.arguments"),
    }
    if control := call.get("cache_control"):
        block["cache_control"] = control
    return block


def _tool_id(value: Any, place: str) -> str:
    return _ID.sub("_", call_id(value, place))


def _tool_result(message: Message, place: str) -> list[Block]:
    content = message.get("content")
    naming = "tool_call_id" if message["role"] == "tool" else "name"
    block: Block = {
        "type": "tool_result",
        "tool_use_id": _tool_id(message.get(naming), f"{place}.{naming}"),
        "content": content if isinstance(content, str) else blocks_of(content, f"{place}.content"),
    }
    if message.get("is_error"):
        block["is_error"] = True
    return [block]


_READERS: Mapping[str, Reader] = {
    "system": _content,
    "developer": _content,
    "user": _content,
    "assistant": _assistant_blocks,
    "tool": _tool_result,
    "function": _tool_result,
}
