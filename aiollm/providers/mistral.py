"""A request body as Mistral takes it: its messages refuse what they do not know.

Facts: the types of Mistral's Python client (3.7): `AssistantMessage`, `ToolMessage`, `ThinkChunk`, `AudioChunk`. That
older models take no other ids of tool calls than nine letters and digits: assumed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aiollm.types.shape import is_mapping

__all__ = ["mistral_messages"]

_MEMBERS = {
    "assistant": ("role", "content", "tool_calls", "prefix"),
    "tool": ("role", "content", "tool_call_id", "name"),
}
_OTHERS = ("role", "content")
_CALL_ID = re.compile(r"[A-Za-z0-9]{9}")


def mistral_messages(body: dict[str, Any]) -> dict[str, Any]:
    """Messages have only the members that Mistral knows, reasoning is a part of the content, ids have nine letters."""
    return {**body, "messages": [_message(message) for message in body["messages"]]}


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    names = _MEMBERS.get(message["role"], _OTHERS)
    known = {name: message[name] for name in names if message.get(name) is not None}
    if (thinking := _thinking(message)) and not isinstance(known.get("content"), list):
        text = known.get("content")
        known["content"] = [*thinking, {"type": "text", "text": text}] if text else thinking
    if isinstance(known.get("content"), list):
        known["content"] = [_part(part) for part in known["content"]]
    if calls := known.pop("tool_calls", None):
        known["tool_calls"] = [_call(call) for call in calls]
    if "tool_call_id" in known:
        known["tool_call_id"] = _call_id(known["tool_call_id"])
    return known


def _thinking(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the reasoning of an assistant's turn as parts of its content."""
    if message["role"] != "assistant":
        return []
    blocks = [block for block in message.get("thinking_blocks") or () if block.get("thinking")]
    if not blocks and message.get("reasoning_content"):
        blocks = [{"thinking": message["reasoning_content"]}]
    return [
        {
            "type": "thinking",
            "thinking": [{"type": "text", "text": block["thinking"]}],
            **({"signature": block["signature"]} if block.get("signature") else {}),
        }
        for block in blocks
    ]


def _part(part: Any) -> Any:
    """Return a part of the content; audio is its data alone, and a file is known by its id."""
    kind = part.get("type") if is_mapping(part) else None
    if kind == "input_audio" and isinstance(part["input_audio"], Mapping):
        return {"type": kind, "input_audio": part["input_audio"]["data"]}
    if kind == "file" and "file_id" in part.get("file", {}):
        return {"type": kind, "file_id": part["file"]["file_id"]}
    return part


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = {name: call["function"][name] for name in ("name", "arguments")}
    return {"id": _call_id(call["id"]), "type": "function", "function": function}


def _call_id(given: str) -> str:
    """Return an id that Mistral takes: another vendor's becomes nine letters of its digest, always the same."""
    return given if _CALL_ID.fullmatch(given) else sha256(given.encode()).hexdigest()[:9]
