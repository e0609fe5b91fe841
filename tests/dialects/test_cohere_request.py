"""Chat requests in Cohere's form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.cohere import Cohere
from aiollm.dialects.table import dialect_of
from aiollm.exceptions import BadRequestError, UnsupportedParamsError
from aiollm.providers import resolve
from aiollm.types.parameters import OPENAI_PARAMS
from tests.dialects.reading import MODEL, endpoint, request

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
F = {"type": "function", "function": {"name": "f", "description": "d", "parameters": PARAMETERS}}
G = {"type": "function", "function": {"name": "g"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"city": "Rome"}'}}
HELLO = [{"role": "user", "content": "Hello"}]


def body(drop_params: bool = False, messages: Any = HELLO, **params: Any) -> dict[str, Any]:
    asked = request(messages=messages, known=OPENAI_PARAMS, params=params, drop_params=drop_params)
    at = resolve("cohere/m", environ={"CO_API_KEY": "k"}).endpoint
    sent = json.loads(Cohere().encode(asked, at).body)
    assert isinstance(sent, dict)
    return sent


def message(**members: Any) -> dict[str, Any]:
    (sent,) = body(messages=[members])["messages"]
    assert isinstance(sent, dict)
    return sent


def test_it_is_in_the_table() -> None:
    assert isinstance(dialect_of("cohere"), Cohere)


def test_a_streaming_request() -> None:
    sent = Cohere().encode(request(), endpoint())
    assert sent.headers == {"Content-Type": "application/json", "Accept": "text/event-stream"}
    assert json.loads(sent.body) == {"model": MODEL, "messages": HELLO, "stream": True}


def test_parameters_have_coheres_names() -> None:
    asked = body(max_completion_tokens=5, top_p=0.9, top_k=40, stop="x", seed=1, temperature=0, frequency_penalty=0.5)
    asked = {name: value for name, value in asked.items() if name not in ("model", "messages", "stream")}
    assert asked == {
        "max_tokens": 5,
        "p": 0.9,
        "k": 40,
        "stop_sequences": ["x"],
        "seed": 1,
        "temperature": 0,
        "frequency_penalty": 0.5,
    }


def test_coheres_own_parameters_go_as_they_are() -> None:
    asked = body(safety_mode="OFF", documents=[{"data": {"text": "t"}}], citation_options={"mode": "FAST"}, priority=3)
    assert (asked["safety_mode"], asked["priority"]) == ("OFF", 3)
    assert asked["documents"] == [{"data": {"text": "t"}}]
    assert asked["citation_options"] == {"mode": "FAST"}


@pytest.mark.parametrize(("choice", "expected"), [("auto", None), ("required", "REQUIRED"), ("none", "NONE")], ids=str)
def test_a_choice_of_tools(choice: str, expected: str | None) -> None:
    asked = body(tools=[F], tool_choice=choice)
    assert asked.get("tool_choice") == expected
    assert asked["tools"] == [F]


def test_a_tool_that_is_named_is_the_only_one_offered() -> None:
    asked = body(tools=[F, G], tool_choice={"type": "function", "function": {"name": "f"}})
    assert (asked["tool_choice"], asked["tools"]) == ("REQUIRED", [F])


def test_another_choice_of_tools_is_refused() -> None:
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [F]}}
    with pytest.raises(UnsupportedParamsError, match="cohere does not take tool_choice"):
        body(tools=[F], tool_choice=choice)
    assert "tool_choice" not in body(drop_params=True, tools=[F], tool_choice=choice)


def test_strictness_is_for_all_tools_and_each_has_parameters() -> None:
    strict = {"type": "function", "function": {**F["function"], "strict": True}}
    asked = body(tools=[strict, G])
    assert asked["strict_tools"] is True
    assert asked["tools"] == [
        F,
        {"type": "function", "function": {"name": "g", "parameters": PARAMETERS | {"properties": {}}}},
    ]
    assert "strict_tools" not in body(tools=[F])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "json_schema": {"name": "x", "schema": PARAMETERS, "strict": True}},
            {"type": "json_object", "json_schema": PARAMETERS},
        ),
    ],
)
def test_a_response_format(wanted: dict[str, Any], expected: dict[str, Any]) -> None:
    assert body(response_format=wanted)["response_format"] == expected


@pytest.mark.parametrize(
    ("effort", "thinking"),
    [
        ("none", {"type": "disabled"}),
        ("low", {"type": "enabled", "token_budget": 1024}),
        ({"effort": "medium"}, {"type": "enabled", "token_budget": 2048}),
        ("high", {"type": "enabled"}),
    ],
)
def test_effort_is_a_budget_of_thinking(effort: Any, thinking: dict[str, Any]) -> None:
    assert body(reasoning_effort=effort)["thinking"] == thinking


def test_text_and_images() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}}
    parts = ["a", {"type": "text", "text": "b"}, picture, {"type": "image_url", "image_url": "https://x/y.png"}]
    assert message(role="user", content=parts)["content"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
        picture,
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
    ]


def test_a_developer_message_is_a_system_message() -> None:
    assert message(role="developer", content="Be brief.") == {"role": "system", "content": "Be brief."}


def test_a_turn_with_tool_calls_keeps_its_plan() -> None:
    turn = {
        "role": "assistant",
        "content": "",
        "tool_calls": [CALL],
        "provider_specific_fields": {"tool_plan": "I ..."},
    }
    assert message(**turn) == {"role": "assistant", "tool_calls": [CALL], "tool_plan": "I ..."}


def test_reasoning_is_replayed_as_thinking() -> None:
    assert message(role="assistant", content="4", reasoning_content="2 + 2") == {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "2 + 2"}, {"type": "text", "text": "4"}],
    }
    assert message(role="assistant", content=None, reasoning_content="hm", tool_calls=[CALL])["content"] == [
        {"type": "thinking", "thinking": "hm"}
    ]


def test_a_result_of_a_tool() -> None:
    assert message(role="tool", tool_call_id="c1", name="f", content="sunny") == {
        "role": "tool",
        "tool_call_id": "c1",
        "content": "sunny",
    }


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"role": "user", "content": [{"type": "input_audio"}]}, "'input_audio' is neither text nor an image"),
        ({"role": "function", "name": "f", "content": "x"}, 'role "function" is not known'),
        ({"role": "tool", "content": "x"}, "tool_call_id"),
    ],
)
def test_a_message_that_cannot_be_sent_is_named(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequestError, match=says) as caught:
        body(messages=[*HELLO, bad])
    assert caught.value.param == "messages[1]"


def test_a_parameter_that_cohere_does_not_know_is_refused() -> None:
    with pytest.raises(UnsupportedParamsError, match="cohere does not take n, user"):
        body(n=2, user="u")
    assert "user" not in body(drop_params=True, n=2, user="u")
