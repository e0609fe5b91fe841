"""Whole answers that are plain text, decoded in one go.

Nine of ten replies are one choice with a text, a finish reason and the usual counts. They decode straight into the
public types (5 us, against 20 for the general way). Whatever is more than that is left to `openai`.
"""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from functools import cache

import msgspec

from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage

__all__ = ["plain_response"]

_NORMAL_ENDS = frozenset({"stop", "length", "content_filter"})
_USAGE = b'"usage"'
_OTHER_REASONING = b'"reasoning_text"'


@cache
def _decoder() -> msgspec.json.Decoder[ModelResponse]:
    return msgspec.json.Decoder(ModelResponse)


def plain_response(body: bytes) -> ModelResponse | None:
    """Return the answer in the body, or None when it is not a plain one."""
    try:
        response = _decoder().decode(body)
    except (ValueError, RecursionError):
        return None
    if len(response.choices) != 1 or response._error is not None or not (response.id and response.model):
        return None
    choice = response.choices[0]
    message, usage = choice.message, response.usage
    if (
        choice.finish_reason not in _NORMAL_ENDS
        or choice.logprobs is not None
        or message.tool_calls is not None
        or message.function_call is not None
        or message.reasoning is not None
        or not message.content
        or usage is None
        or not _is_plain(usage, body)
        or _OTHER_REASONING in body
    ):
        return None
    response._rest = choice._rest = message._rest = usage._rest = body
    for details in (usage.prompt_tokens_details, usage.completion_tokens_details):
        if details is not None:
            details._rest = body
    return response


def _is_plain(usage: Usage, body: bytes) -> bool:
    """Whether the counts are OpenAI's, and need nothing of what `usage` does to those of others."""
    if not usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0:
        return False
    if (start := body.find(_USAGE)) < 0:
        return False
    body = body[start:]  # nearly always the end of it: the text before need not be searched
    # Counts that stand beside the details elsewhere: in the body, but not decoded inside them.
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    if (prompt is None or prompt.cached_tokens is None) and b'"cached_tokens"' in body:
        return False
    if (completion is None or completion.reasoning_tokens is None) and b'"reasoning_tokens"' in body:
        return False
    return not (isinstance(usage.cost, dict) or b"_hit_tokens" in body or b"_input_tokens" in body)
