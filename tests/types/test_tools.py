import pytest

from aiollm.types.response import Message
from aiollm.types.tools import ChatCompletionMessageToolCall, Function, FunctionCall


@pytest.mark.parametrize(
    ("given", "text"), [('{"a":', '{"a":'), (None, ""), ({"a": 1}, '{"a":1}'), ([1], "[1]"), ({}, "{}"), (5, "5")]
)
def test_arguments_are_text(given: object, text: str) -> None:
    assert Function(name="f", arguments=given).arguments == text
    assert FunctionCall(name="f", arguments=given).arguments == text


def test_a_message_takes_calls_as_dicts_and_may_go_back_as_it_is() -> None:
    message = Message(tool_calls=[{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}])
    call = message.tool_calls[0]
    assert isinstance(call, ChatCompletionMessageToolCall)
    assert message.model_dump(exclude_none=True) == {
        "role": "assistant",
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}],
    }
