"""Finish reasons: the many names, and OpenAI's five."""

from __future__ import annotations

__all__ = ["FAILURES", "finish_reason"]

_KNOWN = frozenset({"stop", "length", "tool_calls", "function_call", "content_filter"})

_SYNONYMS = {
    "complete": "stop",
    "completed": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "model_length": "length",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    "safety": "content_filter",
    "sensitive": "content_filter",
}

FAILURES = frozenset({"abort", "error", "insufficient_system_resource", "network_error"})
"""Reasons that say the provider broke off: no answer ends with one of them."""


def finish_reason(native: str, *, called_tools: bool) -> str:
    """Return OpenAI's name for a provider's finish reason.

    An answer that called tools finished with `tool_calls`, whatever the provider says of a normal end. A reason that
    nobody knows is a normal end, as in LiteLLM; its own name stays on the choice as `native_finish_reason`.
    """
    name = native.lower()
    reason = name if name in _KNOWN else _SYNONYMS.get(name, "stop")
    return "tool_calls" if reason == "stop" and called_tools else reason
