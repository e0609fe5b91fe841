"""Chat messages as the input items of the Responses API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiollm.dialects.body import misplaced
from aiollm.exceptions import BadRequestError
from aiollm.types.shape import is_array, is_mapping

__all__ = ["input_items"]

# Parts that are in this API's form already.
_OWN_PARTS = frozenset({"input_text", "input_image", "input_file", "input_audio", "output_text"})


def input_items(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the input items of chat messages, in their order.

    Raises:
        BadRequestError: a message has what this API has no item for; the error names its place.
    """
    custom: set[str] = set()  # calls of custom tools: their results are items of another type
    for number, message in enumerate(messages):
        place = f"messages[{number}]"
        role = message.get("role")
        if role == "assistant":
            custom.update(call["id"] for call in message.get("tool_calls") or () if call.get("type") == "custom")
            yield from _answer(message, place)
        elif role == "tool":
            kind = "custom_tool_call_output" if message.get("tool_call_id") in custom else "function_call_output"
            output = _content(message.get("content"), place)
            yield {"type": kind, "call_id": message.get("tool_call_id"), "output": output}
        elif role == "function":
            raise _unsayable(place, "a result of OpenAI's older functions, which names no call: use tools")
        else:
            yield {"type": "message", "role": role, "content": _content(message.get("content"), place)}


def _answer(message: Mapping[str, Any], place: str) -> Iterator[dict[str, Any]]:
    """Give the items of an earlier answer: reasoning, text and calls, as the model gave them."""
    if message.get("function_call"):
        raise _unsayable(place, "a call of OpenAI's older functions, which has no id: use tool_calls")
    for block in message.get("thinking_blocks") or ():
        # Blocks without an id are another provider's, whose signatures say nothing here.
        if block.get("signature") and block.get("id"):
            summary = [{"type": "summary_text", "text": block["thinking"]}] if block.get("thinking") else []
            sealed = block["signature"]
            yield {"type": "reasoning", "id": block["id"], "summary": summary, "encrypted_content": sealed}
    text = _joined(message.get("content")) or message.get("refusal")
    if text:
        yield {"type": "message", "role": "assistant", "content": text}
    for position, call in enumerate(message.get("tool_calls") or ()):
        yield _call(call, f"{place}.tool_calls[{position}]")


def _call(call: Mapping[str, Any], place: str) -> dict[str, Any]:
    for kind, member, item in (("function", "arguments", "function_call"), ("custom", "input", "custom_tool_call")):
        if is_mapping(inner := call.get(kind)):
            return {"type": item, "call_id": call.get("id"), "name": inner.get("name"), member: inner.get(member) or ""}
    raise _unsayable(place, f"a tool call of type {call.get('type')!r}")


def _content(content: Any, place: str) -> Any:
    if content is None or isinstance(content, str):
        return content or ""
    return [_part(part, f"{place}.content[{position}]") for position, part in enumerate(content)]


def _part(part: Any, place: str) -> dict[str, Any]:
    kind = part.get("type") if is_mapping(part) else None
    if kind == "text":
        return {"type": "input_text", "text": part.get("text", "")}
    if kind == "refusal":
        return {"type": "input_text", "text": part.get("refusal", "")}
    if kind == "image_url":
        given: Any = part.get("image_url")
        image: dict[str, Any] = {"url": given} if isinstance(given, str) else given or {}
        return {"type": "input_image", "image_url": image.get("url"), "detail": image.get("detail", "auto")}
    if kind == "file" and isinstance(part.get("file"), Mapping):
        return {"type": "input_file", **{name: value for name, value in part["file"].items() if name != "format"}}
    if kind in _OWN_PARTS:
        return dict(part)
    raise _unsayable(place, f"a part of type {kind!r}" if kind else "what is no part: it has no type")


def _joined(content: Any) -> str:
    """Return the text of an answer; here it is no list."""
    if not is_array(content):
        return content or ""
    return "".join(part.get("text") or part.get("refusal") or "" for part in content if is_mapping(part))


def _unsayable(place: str, what: str) -> BadRequestError:
    return misplaced(place, f"is {what}, which the Responses API has no word for")
