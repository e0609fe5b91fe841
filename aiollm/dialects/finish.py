"""Finish reasons: the many names, and OpenAI's five."""

from __future__ import annotations

__all__ = ["broke_off", "finish_reason"]

_KNOWN = frozenset({"stop", "length", "tool_calls", "function_call", "content_filter"})

_SYNONYMS = {
    "complete": "stop",
    "completed": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "compaction": "length",
    "continuation": "length",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "model_length": "length",
    "pause_turn": "length",
    "time_limit": "length",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "blocklist": "content_filter",
    "content_filtered": "content_filter",
    "error_toxic": "content_filter",
    "escalation": "content_filter",
    "guardrail_intervened": "content_filter",
    "image_other": "content_filter",
    "image_prohibited_content": "content_filter",
    "image_recitation": "content_filter",
    "image_safety": "content_filter",
    "language": "content_filter",
    "model_armor": "content_filter",
    "no_image": "content_filter",
    "other": "content_filter",
    "prohibited_content": "content_filter",
    "pup_limited_disabled": "content_filter",
    "recitation": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "sensitive": "content_filter",
    "spii": "content_filter",
}

_FAILURES = frozenset({"abort", "cancelled", "error", "insufficient_system_resource", "network_error"})


def broke_off(native: str | None) -> bool:
    """Whether a provider's finish reason says that it broke off: no answer ends with such a one."""
    return native is not None and native.lower() in _FAILURES


def finish_reason(native: str, *, called_tools: bool) -> str:
    """Return OpenAI's name for a provider's finish reason.

    An answer that called tools finished with `tool_calls`, whatever the provider says of a normal end. A reason that
    nobody knows is a normal end, as in LiteLLM; its own name stays on the choice as `native_finish_reason`.
    """
    name = native.lower()
    reason = name if name in _KNOWN else _SYNONYMS.get(name, "stop")
    return "tool_calls" if reason == "stop" and called_tools else reason
