import pytest

from aiollm.dialects.finish import broke_off, finish_reason

FILTERED = [
    "BLOCKLIST",
    "content_filtered",
    "ERROR_TOXIC",
    "escalation",
    "guardrail_intervened",
    "LANGUAGE",
    "OTHER",
    "PROHIBITED_CONTENT",
    "RECITATION",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "IMAGE_OTHER",
    "NO_IMAGE",
]


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        *((reason, reason) for reason in ("stop", "length", "tool_calls", "function_call", "content_filter")),
        ("STOP", "stop"),
        ("LENGTH", "length"),
        ("CONTENT_FILTER", "content_filter"),
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("COMPLETE", "stop"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("MAX_TOKENS", "length"),
        ("max_tokens", "length"),
        ("model_length", "length"),
        ("compaction", "length"),
        ("continuation", "length"),
        ("pause_turn", "length"),
        ("time_limit", "length"),
        ("tool_use", "tool_calls"),
        ("TOOL_CALL", "tool_calls"),
        ("refusal", "content_filter"),
        ("SAFETY", "content_filter"),
        ("sensitive", "content_filter"),
        *((name, "content_filter") for name in FILTERED),
        ("unheard_of", "stop"),
    ],
)
def test_the_names_of_an_end(native: str, reason: str) -> None:
    assert finish_reason(native, called_tools=False) == reason


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("stop", "tool_calls"),
        ("eos", "tool_calls"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("function_call", "function_call"),
    ],
)
def test_a_normal_end_after_tool_calls_is_tool_calls(native: str, reason: str) -> None:
    assert finish_reason(native, called_tools=True) == reason


@pytest.mark.parametrize(
    "native", ["abort", "error", "network_error", "insufficient_system_resource", "ERROR", "Abort"]
)
def test_failures_are_no_ends(native: str) -> None:
    assert broke_off(native)


@pytest.mark.parametrize("native", [None, "", "stop", "length", "ERROR_TOXIC"])
def test_ends_are_no_failures(native: str | None) -> None:
    assert not broke_off(native)
