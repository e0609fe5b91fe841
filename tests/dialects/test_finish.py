import pytest

from aiollm.dialects.finish import FAILURES, finish_reason


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
        ("tool_use", "tool_calls"),
        ("TOOL_CALL", "tool_calls"),
        ("refusal", "content_filter"),
        ("SAFETY", "content_filter"),
        ("sensitive", "content_filter"),
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


def test_failures_are_no_ends() -> None:
    assert {"abort", "error", "network_error", "insufficient_system_resource"} == FAILURES
