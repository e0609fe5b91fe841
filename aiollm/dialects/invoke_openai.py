"""Models behind InvokeModel that speak OpenAI's format; gpt-oss puts its reasoning between tags into the text."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from aiollm.dialects.converse_usage import METRICS
from aiollm.types.lenient import lenient_json
from aiollm.types.shape import JSON
from aiollm.wire.frame import Frame

__all__ = ["reasoning_apart"]

_REASONING = re.compile(r"<reasoning>(.*?)</reasoning>", re.DOTALL)


def reasoning_apart(event: bytes) -> Frame:
    """Return a chunk, or a whole reply, with `<reasoning>` taken out of the text; each piece of it has tags of its own.

    AWS's measurements become the usage where the model sends none.
    """
    if b"<reasoning>" not in event and METRICS.encode() not in event:
        return Frame("", event)
    try:
        payload: JSON = lenient_json(event)
    except ValueError:
        return Frame("", event)
    if not isinstance(payload, dict):
        return Frame("", event)
    for choice in payload.get("choices") or ():
        message: dict[str, Any] = choice.get("delta") or choice.get("message") or {}
        if isinstance(message.get("content"), str) and "<reasoning>" in message["content"]:
            _take_apart(message)
    metrics: JSON = payload.pop(METRICS, None)
    if isinstance(metrics, dict) and not payload.get("usage"):
        prompt, completion = metrics.get("inputTokenCount", 0), metrics.get("outputTokenCount", 0)
        payload["usage"] = {"prompt_tokens": prompt, "completion_tokens": completion}
    return Frame("", msgspec.json.encode(payload))


def _take_apart(message: dict[str, Any]) -> None:
    content = message["content"]
    message["reasoning_content"] = "".join(_REASONING.findall(content))
    message["content"] = _REASONING.sub("", content) or None
