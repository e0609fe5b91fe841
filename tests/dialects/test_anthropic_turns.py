"""Chat messages in OpenAI's shape, as a system prompt and turns."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.anthropic_turns import called_tools, claude_turns
from aiollm.exceptions import BadRequestError

CACHED = {"cache_control": {"type": "ephemeral"}}
SIGNED = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "eA=="}


def user(content: Any = "Hi", **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def assistant(content: Any = None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def call(id: str = "c1", arguments: Any = '{"city": "Oslo"}', name: str = "weather") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def turns(*messages: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(turn["role"], turn["content"]) for turn in claude_turns(messages)[1]]


def said(**message: Any) -> list[dict[str, Any]]:
    """What an assistant's message says."""
    return turns(user(), assistant(**message), user())[1][1]


def fault(*messages: dict[str, Any]) -> BadRequestError:
    with pytest.raises(BadRequestError) as caught:
        claude_turns(messages)
    return caught.value


def test_leading_messages_of_system_and_developer_are_the_system_prompt() -> None:
    messages = ({"role": "system", "content": "A"}, {"role": "developer", "content": "B", **CACHED}, user())
    system, said = claude_turns(messages)
    assert system == [text("A"), text("B", **CACHED)]
    assert said == [{"role": "user", "content": [text("Hi")]}]


def test_a_system_message_in_the_middle_is_told_in_the_users_turn() -> None:
    messages = (user("A"), assistant("B"), {"role": "system", "content": "C"}, user("D"))
    assert turns(*messages)[2] == ("user", [text("[System message]\nC"), text("D")])


def test_turns_of_the_same_role_are_one() -> None:
    messages = (user("A"), user("B", name="Ann"), assistant("C"), assistant("D"), user("E"))
    assert turns(*messages) == [
        ("user", [text("A"), text("B")]),
        ("assistant", [text("C"), text("D")]),
        ("user", [text("E")]),
    ]


def test_a_message_that_says_nothing_is_left_out() -> None:
    assert turns(user("A"), assistant(""), user("B")) == [("user", [text("A"), text("B")])]


def test_the_last_beginning_of_an_answer_ends_without_white_space() -> None:
    assert turns(user(), assistant("Once \n"))[-1] == ("assistant", [text("Once")])
    assert turns(user(), assistant("Once \n"), user())[1] == ("assistant", [text("Once \n")])


def test_thinking_comes_first_then_text_then_calls() -> None:
    message = {"content": "Look.", "thinking_blocks": [SIGNED, REDACTED], "tool_calls": [call()]}
    tool_use = {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Oslo"}}
    assert said(**message) == [SIGNED, REDACTED, text("Look."), tool_use]


def test_thinking_without_its_signature_is_not_sent_back() -> None:
    assert said(content="A", thinking_blocks=[{"type": "thinking", "thinking": "Hm."}]) == [text("A")]


@pytest.mark.parametrize("arguments", ["", None, " ", "{}", {}])
def test_a_call_without_arguments_has_an_empty_input(arguments: Any) -> None:
    (block,) = said(tool_calls=[call(arguments=arguments)])
    assert block["input"] == {}


@pytest.mark.parametrize("arguments", ['{"city": "Os', "[1]", "3", 3])
def test_arguments_that_are_no_object_are_refused_with_their_place(arguments: Any) -> None:
    error = fault(user(), assistant(tool_calls=[call(), call("c2", arguments)]))
    assert error.param == "messages[1].tool_calls[1].function.arguments"


def test_a_call_that_names_no_function_is_refused() -> None:
    assert fault(user(), assistant(tool_calls=[{"id": "c1"}])).param == "messages[1].tool_calls[0]"


def test_results_of_parallel_calls_and_what_the_user_says_then_are_one_turn() -> None:
    messages = (
        user(),
        assistant(tool_calls=[call("c1"), call("c2")]),
        {"role": "tool", "tool_call_id": "c1", "content": "Rain"},
        {"role": "tool", "tool_call_id": "c2", "content": [text("Sun"), text("ny")], "is_error": True, **CACHED},
        user("Thanks"),
    )
    second = {"type": "tool_result", "tool_use_id": "c2", "content": [text("Sun"), text("ny")], "is_error": True}
    assert turns(*messages)[2] == (
        "user",
        [{"type": "tool_result", "tool_use_id": "c1", "content": "Rain"}, {**second, **CACHED}, text("Thanks")],
    )


def test_an_id_of_another_provider_is_made_one_that_is_taken() -> None:
    messages = (
        user(),
        assistant(tool_calls=[call("functions.weather:0")]),
        {"role": "tool", "tool_call_id": "functions.weather:0", "content": ""},
    )
    (_, _), (_, (calling,)), (_, (result,)) = turns(*messages)
    assert calling["id"] == result["tool_use_id"] == "functions_weather_0"


def test_a_result_without_its_call_is_refused() -> None:
    assert fault(user(), {"role": "tool", "content": "Rain"}).param == "messages[1].tool_call_id"


def test_openais_older_functions_are_calls_and_results() -> None:
    messages = (
        user(),
        assistant(function_call={"name": "f", "arguments": "{}"}),
        {"role": "function", "name": "f", "content": "1"},
    )
    assert turns(*messages)[1:] == [
        ("assistant", [{"type": "tool_use", "id": "f", "name": "f", "input": {}}]),
        ("user", [{"type": "tool_result", "tool_use_id": "f", "content": "1"}]),
    ]


def test_the_mark_of_a_message_goes_on_its_last_block_but_never_on_thinking() -> None:
    assert turns(user([text("A"), text("B")], **CACHED)) == [("user", [text("A"), text("B", **CACHED)])]
    assert said(content="A", thinking_blocks=[SIGNED], **CACHED) == [SIGNED, text("A", **CACHED)]
    assert said(thinking_blocks=[REDACTED], **CACHED) == [REDACTED]


def test_the_mark_of_a_call_is_kept() -> None:
    (block,) = said(tool_calls=[{**call(), **CACHED}])
    assert block["cache_control"] == CACHED["cache_control"]


OWN = [
    text("A"),
    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
    {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
    text("B"),
]


def test_an_answer_with_blocks_of_its_own_is_sent_back_in_their_order() -> None:
    assert said(content="AB", provider_specific_fields={"content_blocks": OWN}) == OWN


def test_an_answer_whose_text_was_changed_says_the_new_text() -> None:
    assert said(content="C", provider_specific_fields={"content_blocks": OWN}) == [text("C")]


@pytest.mark.parametrize("messages", [[{"role": "system", "content": "A"}], [user("")]])
def test_messages_that_leave_nothing_to_answer_are_refused(messages: list[dict[str, Any]]) -> None:
    assert fault(*messages).param == "messages"


def test_the_tools_that_were_called_are_named_once() -> None:
    messages = [user(), assistant(tool_calls=[call("1"), call("2", name="time"), call("3")])]
    assert called_tools(claude_turns(messages)[1]) == ["weather", "time"]
