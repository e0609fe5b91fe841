"""Whole answers that are plain text, decoded in one go.

Nine of ten replies are one choice with a text, a finish reason and the usual counts. They decode straight into the
public types (4 us, against 14 for the general way). Whatever is more than that is left to `openai`.
"""

from __future__ import annotations

import msgspec

from aiollm.types.response import ModelResponse

__all__ = ["plain_response"]

_decode = msgspec.json.Decoder(ModelResponse).decode
_NORMAL_ENDS = frozenset({"stop", "length", "content_filter"})
# Counts that other providers name otherwise; `usage` turns them into OpenAI's.
_FOREIGN_COUNTS = (b"_hit_tokens", b"_input_tokens", b'"reasoning_tokens"', b'"cached_tokens"')
_OTHER_REASONING = b'"reasoning_text"'


def plain_response(body: bytes) -> ModelResponse | None:
    """Return the answer in the body, or None when it is not a plain one."""
    try:
        response = _decode(body)
    except (ValueError, RecursionError):
        return None
    if len(response.choices) != 1 or response._error is not None or not (response.id and response.model):
        return None
    choice = response.choices[0]
    message, usage = choice.message, response.usage
    if (
        choice.finish_reason not in _NORMAL_ENDS
        or message.tool_calls is not None
        or message.reasoning is not None
        or not message.content
        or usage is None
        or not usage.total_tokens
        or any(word in body for word in _FOREIGN_COUNTS)
        or _OTHER_REASONING in body
    ):
        return None
    response._rest = choice._rest = message._rest = usage._rest = body
    return response
