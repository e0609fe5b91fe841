"""The input items of the Responses API, as chat messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.proxy.inbound.body import listed, refused
from aiollm.types.shape import JSON, is_object

__all__ = ["chat_messages"]

Item = Mapping[str, Any]

_CALLS = {"function_call": ("function", "arguments"), "custom_tool_call": ("custom", "input")}
_RESULTS = ("function_call_output", "custom_tool_call_output")


def chat_messages(instructions: str | None, given: Any) -> list[dict[str, Any]]:
    """Return the messages of a chat.

    Reasoning, text and calls that follow one another are one turn of the assistant's: they are one message.

    Args:
        instructions: the system prompt, or None.
        given: the input: a text, or a list of items.

    Raises:
        BadRequestError: an item is none, or says what a chat has no word for; its place is named.
    """
    messages: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    if isinstance(given, str):
        return [*messages, {"role": "user", "content": given}]
    turn: dict[str, Any] | None = None
    for position, item in enumerate(listed({"input": given}, "input")):
        place = f"input[{position}]"
        if not is_object(item):
            raise refused(place, "must be an object")
        if _is_assistants(item):
            if turn is None:
                turn = {"role": "assistant", "content": None}
                messages.append(turn)
            _add(turn, item, place)
        else:
            turn = None
            messages.append(_message(item, place))
    return messages


def _is_assistants(item: Item) -> bool:
    kind = item.get("type", "message")
    return kind in _CALLS or kind == "reasoning" or (kind == "message" and item.get("role") == "assistant")


def _add(turn: dict[str, Any], item: Item, place: str) -> None:
    """Add an item to the assistant's message."""
    kind = item.get("type", "message")
    if kind in _CALLS:
        outer, inner = _CALLS[kind]
        if not isinstance(item.get("call_id"), str) or not isinstance(item.get("name"), str):
            raise refused(place, "must have a call_id and a name")
        called = {"name": item["name"], inner: item.get(inner) or ""}
        turn.setdefault("tool_calls", []).append({"id": item["call_id"], "type": outer, outer: called})
    elif kind == "reasoning":
        if item.get("encrypted_content"):  # the signature of a thought that was given out before
            thought = "\n\n".join(part.get("text") or "" for part in item.get("summary") or ())
            block = {
                "type": "thinking",
                "thinking": thought,
                "signature": item["encrypted_content"],
                "id": item.get("id"),
            }
            turn.setdefault("thinking_blocks", []).append(block)
    else:
        turn["content"] = (turn["content"] or "") + _said(item.get("content"), place)


def _said(content: JSON, place: str) -> str:
    """Return the text of an earlier answer."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(map(is_object, content)):
        raise refused(f"{place}.content", "must be text or a list of parts")
    return "".join(part.get("text") or part.get("refusal") or "" for part in content)


def _message(item: Item, place: str) -> dict[str, Any]:
    kind = item.get("type", "message")
    if kind in _RESULTS:
        if not isinstance(item.get("call_id"), str):
            raise refused(f"{place}.call_id", "must be given, as text")
        return {
            "role": "tool",
            "tool_call_id": item["call_id"],
            "content": _content(item.get("output"), f"{place}.output"),
        }
    if kind != "message":
        raise refused(place, f"is of type {kind!r}, which only a provider with the Responses API has a word for")
    if item.get("role") not in ("user", "system", "developer"):
        raise refused(f"{place}.role", "must be user, assistant, system or developer")
    return {"role": item["role"], "content": _content(item.get("content"), f"{place}.content")}


def _content(content: JSON, place: str) -> Any:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise refused(place, "must be text or a list of parts")
    parts = [_part(part, f"{place}[{position}]") for position, part in enumerate(content)]
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts


def _part(given: JSON, place: str) -> dict[str, Any]:
    part = given if isinstance(given, dict) else {}
    kind = part.get("type")
    if kind in ("input_text", "output_text", "text"):
        return {"type": "text", "text": part.get("text") or ""}
    if kind == "input_image" and isinstance(part.get("image_url"), str):
        detail = {"detail": part["detail"]} if part.get("detail") else {}
        return {"type": "image_url", "image_url": {"url": part["image_url"], **detail}}
    if kind == "input_file" and part.get("file_data"):
        return {"type": "file", "file": {name: part[name] for name in ("filename", "file_data") if part.get(name)}}
    raise refused(place, f"is of type {kind!r} in a form that only a provider with the Responses API takes")
