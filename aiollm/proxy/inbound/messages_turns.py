"""Anthropic's system prompt and turns, as chat messages in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from aiollm.proxy.inbound.body import refused
from aiollm.types.shape import JSON, is_object

__all__ = ["chat_messages"]

Block = Mapping[str, Any]


def chat_messages(system: Any, turns: Iterable[JSON], *, keeps_own: bool) -> list[dict[str, Any]]:
    """Return the messages of a chat.

    Args:
        system: the system prompt: text, a list of text blocks, or None.
        turns: the turns, of text or of content blocks.
        keeps_own: whether the marks that only Anthropic's format knows (`cache_control`, `is_error`) are kept.

    Raises:
        BadRequestError: a turn or a block has not what it needs; its place is named.
    """
    writer = _Writer(keeps_own)
    messages: list[dict[str, Any]] = []
    if system:
        messages.append({"role": "system", "content": writer.content(system, "system")})
    for place, turn in enumerate(turns):
        where = f"messages[{place}]"
        given = turn if isinstance(turn, dict) else {}
        role, content = given.get("role"), given.get("content")
        if role == "user":
            messages.extend(writer.user(content, f"{where}.content"))
        elif role == "assistant":
            messages.append(writer.assistant(content, f"{where}.content"))
        elif role == "system":
            messages.append({"role": "system", "content": writer.content(content, f"{where}.content")})
        else:
            raise refused(f"{where}.role", "must be user, assistant or system")
    return messages


class _Writer:
    """Puts content blocks into OpenAI's form."""

    def __init__(self, keeps_own: bool) -> None:
        self._keeps_own = keeps_own

    def user(self, content: Any, place: str) -> Iterator[dict[str, Any]]:
        """Give the messages of a user's turn: results of tools have messages of their own, before the rest."""
        if isinstance(content, str):
            yield {"role": "user", "content": content}
            return
        rest: list[dict[str, Any]] = []
        for position, block in enumerate(_blocks(content, place)):
            if block.get("type") == "tool_result":
                yield self._result(block, f"{place}[{position}]")
            else:
                rest.append(self._part(block, f"{place}[{position}]"))
        if rest:
            yield {"role": "user", "content": _simple(rest)}

    def assistant(self, content: Any, place: str) -> dict[str, Any]:
        if isinstance(content, str):
            return {"role": "assistant", "content": content}
        blocks = _blocks(content, place)
        texts: list[dict[str, Any]] = []
        thoughts: list[dict[str, Any]] = []
        calls: list[dict[str, Any]] = []
        for position, block in enumerate(blocks):
            kind = block.get("type")
            if kind == "text":
                texts.append(self._part(block, f"{place}[{position}]"))
            elif kind in ("thinking", "redacted_thinking"):
                thoughts.append(dict(block))
            elif kind == "tool_use":
                calls.append(_call(block, f"{place}[{position}]"))
            elif not self._keeps_own:
                raise refused(f"{place}[{position}].type", f"is {kind!r}, which this model's format has no word for")
        message: dict[str, Any] = {"role": "assistant", "content": _simple(texts) if texts else None}
        if calls:
            message["tool_calls"] = calls
        if self._keeps_own:
            if thoughts:
                message["thinking_blocks"] = thoughts
            message["provider_specific_fields"] = {"content_blocks": [dict(block) for block in blocks]}
        return message

    def content(self, content: Any, place: str) -> Any:
        """Return the content of a system prompt, or of a tool's result."""
        if isinstance(content, str):
            return content
        blocks = enumerate(_blocks(content, place))
        return _simple([self._part(block, f"{place}[{position}]") for position, block in blocks])

    def _result(self, block: Block, place: str) -> dict[str, Any]:
        if not isinstance(block.get("tool_use_id"), str):
            raise refused(f"{place}.tool_use_id", "must be given, as text")
        content = self.content(block.get("content") or "", f"{place}.content")
        message = {"role": "tool", "tool_call_id": block["tool_use_id"], "content": content}
        if self._keeps_own:
            message |= {name: block[name] for name in ("is_error", "cache_control") if block.get(name)}
        return message

    def _part(self, block: Block, place: str) -> dict[str, Any]:
        kind = block.get("type")
        if kind == "text" and isinstance(block.get("text"), str):
            part: dict[str, Any] = {"type": "text", "text": block["text"]}
        elif kind == "image":
            part = {"type": "image_url", "image_url": {"url": _address(block.get("source"), place)}}
        elif kind == "document" and not self._keeps_own:
            part = _document(block, place)
        elif self._keeps_own and isinstance(kind, str):
            return dict(block)  # our own writer of Anthropic's format passes its blocks on
        else:
            raise refused(place, f"is of type {kind!r}, which this model's format has no word for")
        if self._keeps_own and block.get("cache_control"):
            part["cache_control"] = block["cache_control"]
        return part


def _blocks(content: JSON, place: str) -> list[Block]:
    if not isinstance(content, list) or not all(map(is_object, content)):
        raise refused(place, "must be text or a list of content blocks")
    return content


def _simple(parts: list[dict[str, Any]]) -> Any:
    """Return parts as one text where there is nothing but one text: every provider takes that."""
    if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        return parts[0]["text"]
    return parts


def _call(block: Block, place: str) -> dict[str, Any]:
    if not isinstance(block.get("id"), str) or not isinstance(block.get("name"), str):
        raise refused(place, "must have an id and a name")
    arguments = msgspec.json.encode(block.get("input") or {}).decode()
    return {"id": block["id"], "type": "function", "function": {"name": block["name"], "arguments": arguments}}


def _address(source: JSON, place: str) -> str:
    """Return the URL of an image; embedded data becomes a data: URI."""
    given = source if isinstance(source, dict) else {}
    kind = given.get("type")
    if kind == "base64" and isinstance(given.get("data"), str):
        return f"data:{given.get('media_type') or 'image/jpeg'};base64,{given['data']}"
    if kind == "url" and isinstance(given.get("url"), str):
        return str(given["url"])
    raise refused(f"{place}.source", "must be base64 data or a url")


def _document(block: Block, place: str) -> dict[str, Any]:
    given: JSON = block.get("source")
    source = given if isinstance(given, dict) else {}
    kind = source.get("type")
    if kind == "text" and isinstance(source.get("data"), str):
        return {"type": "text", "text": source["data"]}
    if kind == "base64" and isinstance(source.get("data"), str):
        data = f"data:{source.get('media_type') or 'application/pdf'};base64,{source['data']}"
        return {"type": "file", "file": {"filename": block.get("title") or "document.pdf", "file_data": data}}
    raise refused(f"{place}.source", "must be text or base64 data: this model's format has no word for others")
