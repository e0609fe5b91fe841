"""Chat messages in OpenAI's shape, as Converse's system prompt and turns.

Turns of the same role are one turn; a tool's result is part of the user's. A system message in the middle is told to
the model in the user's turn: Converse has one system prompt, before all turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiollm.dialects.body import misplaced
from aiollm.dialects.converse_content import Block, cache_point, content_blocks
from aiollm.types.lenient import lenient_json

__all__ = ["called_tools", "system_and_turns"]

Turn = dict[str, Any]


def system_and_turns(messages: Sequence[Mapping[str, Any]]) -> tuple[list[Block], list[Turn]]:
    """Return the blocks of the system prompt, and the turns.

    Raises:
        BadRequestError: a message cannot be said in Converse's terms, or there is none but of the system.
    """
    system: list[Block] = []
    turns: list[Turn] = []
    for position, message in enumerate(messages):
        place = f"messages[{position}]"
        role = message["role"]
        if role in ("system", "developer") and not turns:
            system += _marked(content_blocks(message.get("content"), f"{place}.content"), message)
            continue
        blocks = _marked(_BLOCKS[role](message, place), message)
        side = "assistant" if role == "assistant" else "user"
        if not blocks:
            continue
        if turns and turns[-1]["role"] == side:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": side, "content": blocks})
    if not turns:
        raise misplaced("messages", "has no message of the user's that says anything: Bedrock needs one to answer")
    _tell_documents_apart(turns)
    return system, turns


def called_tools(turns: Sequence[Turn]) -> list[str]:
    """Return the names of the tools that were called in the turns, each once."""
    blocks = (block for turn in turns for block in turn["content"])
    return list(dict.fromkeys(block["toolUse"]["name"] for block in blocks if "toolUse" in block))


def _marked(blocks: list[Block], message: Mapping[str, Any]) -> list[Block]:
    """Put a message's `cache_control` behind its blocks."""
    return [*blocks, *cache_point(message.get("cache_control"))] if blocks else blocks


def _tell_documents_apart(turns: Sequence[Turn]) -> None:
    """Give documents of the same name numbers: Bedrock refuses two of one name."""
    seen: dict[str, int] = {}
    for turn in turns:
        for block in turn["content"]:
            if isinstance(document := block.get("document"), dict) and isinstance(name := document.get("name"), str):
                seen[name] = seen.get(name, 0) + 1
                if seen[name] > 1:
                    document["name"] = f"{name} {seen[name]}"


def _user_blocks(message: Mapping[str, Any], place: str) -> list[Block]:
    return content_blocks(message.get("content"), f"{place}.content")


def _system_blocks(message: Mapping[str, Any], place: str) -> list[Block]:
    blocks = content_blocks(message.get("content"), f"{place}.content")
    return [{"text": f"[System message]\n{block['text']}"} if "text" in block else block for block in blocks]


def _assistant_blocks(message: Mapping[str, Any], place: str) -> list[Block]:
    thinking = [block for part in message.get("thinking_blocks") or () if (block := _thinking_block(part))]
    text = content_blocks(message.get("content"), f"{place}.content")
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
    function = call.get("function")
    if not isinstance(function, Mapping) or not function.get("name"):
        raise misplaced(place, "is not the call of a function with a name")
    call_id = _call_id(call.get("id"), f"{place}.id")
    arguments = _arguments(function.get("arguments"), f"{place}.function.arguments")
    return {"toolUse": {"toolUseId": call_id, "name": function["name"], "input": arguments}}


def _arguments(arguments: Any, place: str) -> dict[str, Any]:
    if isinstance(arguments, Mapping):
        return dict(arguments)
    try:
        value = lenient_json(arguments.encode()) if arguments and not arguments.isspace() else {}
    except (AttributeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise misplaced(place, "must be a JSON object")
    return value


def _call_id(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise misplaced(place, "must be the id of the call")
    return value


def _tool_result(message: Mapping[str, Any], place: str) -> list[Block]:
    """Return a tool's result; one that says nothing has no content."""
    call_id = _call_id(message.get("tool_call_id"), f"{place}.tool_call_id")
    blocks = content_blocks(message.get("content"), f"{place}.content")
    content = [block for block in blocks if "cachePoint" not in block]
    points = [block for block in blocks if "cachePoint" in block]
    return [{"toolResult": {"toolUseId": call_id, "content": content}}, *points]


def _old_function(message: Mapping[str, Any], place: str) -> list[Block]:
    raise misplaced(place, "has OpenAI's older role 'function'; answer the calls of `tools` with the role 'tool'")


_BLOCKS: Mapping[str, Callable[[Mapping[str, Any], str], list[Block]]] = {
    "assistant": _assistant_blocks,
    "developer": _system_blocks,
    "function": _old_function,
    "system": _system_blocks,
    "tool": _tool_result,
    "user": _user_blocks,
}
