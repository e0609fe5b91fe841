"""OpenAI's messages as Gemini's contents.

There are two roles, `user` and `model`, and they take turns: neighbours of one role become one turn, which the results
of parallel tool calls must be. System messages stand apart. What Gemini signed goes back where it was, since its newer
models refuse a function call without its signature (https://ai.google.dev/gemini-api/docs/thought-signatures). Marks
for a cache (`cache_control`) have no place: Gemini caches what is repeated by itself, and a cache of one's own has a
name (`cached_content`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from aiollm.dialects.body import misplaced
from aiollm.dialects.errors import MALFORMED
from aiollm.dialects.gemini_parts import content_parts, inline_part
from aiollm.dialects.turns import call_arguments
from aiollm.types.shape import EMPTY, JSON

__all__ = ["SIGNATURE_MARK", "contents", "system_instruction"]

_Message = Mapping[str, Any]
_Parts = list[dict[str, Any]]

SIGNATURE_MARK = "__thought__"
"""Stands between a tool call's id and its signature (LiteLLM's form): programs that keep nothing but a call's id, name
and arguments send the signature back all the same."""

_SYSTEM = ("system", "developer")


def system_instruction(messages: Sequence[_Message]) -> dict[str, Any] | None:
    """Return all system and developer messages, in their order, or None when there are none."""
    parts: _Parts = []
    for position, message in enumerate(messages):
        if message["role"] in _SYSTEM:
            parts += content_parts(message.get("content"), f"messages[{position}]")
    return {"parts": parts} if parts else None


def contents(messages: Sequence[_Message]) -> list[dict[str, Any]]:
    """Return the turns of a conversation.

    Raises:
        BadRequestError: a message cannot be sent; the error names the place.
    """
    turns: list[dict[str, Any]] = []
    names: dict[str, str] = {}  # of the functions called, by the call's id
    for position, message in enumerate(messages):
        if message["role"] in _SYSTEM:
            continue
        place = f"messages[{position}]"
        try:
            role, parts = _turn(message, names, place)
        except MALFORMED as error:
            raise misplaced(place, f"has a member of another type than it should be ({error})") from None
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        elif parts:
            turns.append({"role": role, "parts": parts})
    # A conversation of system messages alone: there must be one turn, and one with something in it.
    return turns or [{"role": "user", "parts": [{"text": "."}]}]


def _turn(message: _Message, names: dict[str, str], place: str) -> tuple[str, _Parts]:
    role = message["role"]
    if role == "assistant":
        return "model", _assistant_parts(message, names, place)
    if role in ("tool", "function"):
        return "user", _result_parts(message, names, place)
    return "user", content_parts(message.get("content"), place)


def _assistant_parts(message: _Message, names: dict[str, str], place: str) -> _Parts:
    specific = message.get("provider_specific_fields") or EMPTY
    calls = [
        _call_part(call, names, f"{place}.tool_calls[{position}]")
        for position, call in enumerate(message.get("tool_calls") or ())
    ]
    if message.get("function_call"):
        calls.append(_function_call(message["function_call"], f"{place}.function_call"))
    server_parts = list(specific.get("server_parts") or ())
    placed = {part.get("thoughtSignature") for part in (*calls, *server_parts)}
    signatures = [mark for mark in specific.get("thought_signatures") or () if mark not in placed]
    images = [
        inline_part(image["image_url"]["url"], f"{place}.images[{position}]")
        for position, image in enumerate(message.get("images") or ())
    ]
    spoken = [*content_parts(message.get("content"), place), *images]
    return [*server_parts, *_signed(spoken, signatures), *calls]


def _signed(parts: _Parts, signatures: Iterable[str]) -> _Parts:
    """Put signatures on the last parts; one that finds no part stands with an empty text, as Gemini itself sends it."""
    marks = list(signatures)
    spare = max(0, len(marks) - len(parts))
    unsigned = len(parts) - (len(marks) - spare)
    signed = [{**part, "thoughtSignature": mark} for part, mark in zip(parts[unsigned:], marks[spare:], strict=True)]
    return [*({"text": "", "thoughtSignature": mark} for mark in marks[:spare]), *parts[:unsigned], *signed]


def _call_part(call: JSON, names: dict[str, str], place: str) -> dict[str, Any]:
    if not isinstance(call, Mapping) or not isinstance(call.get("function"), Mapping):
        raise misplaced(place, "must be a call of a function, with its name and its arguments")
    part = _function_call(call["function"], f"{place}.function")
    given_id = call.get("id") or ""
    names[given_id] = part["functionCall"]["name"]
    specific = call.get("provider_specific_fields") or EMPTY
    signature = specific.get("thought_signature") or given_id.partition(SIGNATURE_MARK)[2]
    return {**part, "thoughtSignature": signature} if signature else part


def _function_call(function: _Message, place: str) -> dict[str, Any]:
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise misplaced(f"{place}.name", "must be the name of a function")
    arguments = call_arguments(function.get("arguments"), f"{place}.arguments")
    return {"functionCall": {"name": name, "args": arguments}}


def _result_parts(message: _Message, names: dict[str, str], place: str) -> _Parts:
    call_id = message.get("tool_call_id") or ""
    name = names.get(call_id) or message.get("name")
    if not name:
        raise misplaced(
            f"{place}.tool_call_id", "must be the id of a tool call in a message before it, or `name` the function"
        )
    parts = content_parts(message.get("content"), place)
    texts = [part["text"] for part in parts if "text" in part]
    response = {"functionResponse": {"name": name, "response": _result("".join(texts))}}
    return [response, *(part for part in parts if "text" not in part)]


def _result(text: str) -> Any:
    """Return a tool's result as the object that it must be."""
    try:
        result: JSON = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        result = None
    return result if isinstance(result, dict) else {"content": text}
