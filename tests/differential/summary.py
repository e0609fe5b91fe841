"""What a user of OpenAI's chunks makes of a stream."""

from __future__ import annotations

from typing import Any


def summary(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up chunks as users do."""
    texts: dict[int, str] = {}
    calls: dict[tuple[int, int], dict[str, str]] = {}
    finishes: dict[int, str] = {}
    counts: dict[str, int] | None = None
    for chunk in chunks:
        for choice in chunk.get("choices") or ():
            index, delta = choice["index"], choice.get("delta") or {}
            texts[index] = texts.get(index, "") + text_of(delta.get("content"))
            for piece in delta.get("tool_calls") or ():
                call = calls.setdefault((index, piece["index"]), {"id": "", "name": "", "arguments": ""})
                function = piece.get("function") or {}
                call["id"] = call["id"] or piece.get("id") or ""
                call["name"] += function.get("name") or ""
                call["arguments"] += function.get("arguments") or ""
            if choice.get("finish_reason"):
                finishes.setdefault(index, choice["finish_reason"])
        if usage := chunk.get("usage"):
            counts = {name: usage[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    return {"text": texts, "calls": [calls[key] for key in sorted(calls)], "finish": finishes, "usage": counts}


def text_of(content: Any) -> str:
    """Join content as it stands; the official client passes lists of parts through."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content)
    return content or ""
