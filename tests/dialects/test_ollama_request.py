"""Chat requests in Ollama's form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.ollama import Ollama
from aiollm.dialects.table import dialect_of
from aiollm.exceptions import BadRequestError, UnsupportedParamsError
from aiollm.types.parameters import OPENAI_PARAMS
from tests.dialects.reading import MODEL, endpoint, request

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
PIXEL = "iVBORw0KGgo="


def body(model: str = MODEL, drop_params: bool = False, **params: Any) -> dict[str, Any]:
    asked = request(model=model, known=OPENAI_PARAMS, params=params, drop_params=drop_params)
    sent = json.loads(Ollama().encode(asked, endpoint()).body)
    assert isinstance(sent, dict)
    return sent


def sent(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    encoded = Ollama().encode(request(messages=messages), endpoint())
    listed = json.loads(encoded.body)["messages"]
    assert isinstance(listed, list)
    return listed


def test_it_is_in_the_table() -> None:
    assert isinstance(dialect_of("ollama"), Ollama)


def test_stream_is_always_said_since_ollama_streams_by_default() -> None:
    asked = request(stream=False)
    assert json.loads(Ollama().encode(asked, endpoint()).body)["stream"] is False
    assert body() == {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    assert Ollama().encode(request(), endpoint()).headers["Accept"] == "application/x-ndjson"


def test_parameters_are_options_of_the_runner() -> None:
    asked = body(
        max_tokens=5, temperature=0.5, top_p=0.9, seed=7, stop="x", frequency_penalty=0.1, presence_penalty=0.2
    )
    assert asked["options"] == {
        "num_predict": 5,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ["x"],
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
    }


def test_ollamas_own_parameters_go_where_they_belong() -> None:
    asked = body(num_ctx=4096, mirostat=1, keep_alive="5m", think=True, options={"num_gpu": 0})
    assert asked["options"] == {"num_gpu": 0, "num_ctx": 4096, "mirostat": 1}
    assert (asked["keep_alive"], asked["think"]) == ("5m", True)


def test_log_probabilities_are_asked_for_at_the_top() -> None:
    asked = body(logprobs=True, top_logprobs=3)
    assert (asked["logprobs"], asked["top_logprobs"]) == (True, 3)
    assert "options" not in asked


@pytest.mark.parametrize(
    ("response_format", "expected"),
    [
        ({"type": "json_object"}, "json"),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}}, SCHEMA),
        ({"type": "text"}, None),
    ],
)
def test_a_response_format_is_a_format(response_format: dict[str, Any], expected: Any) -> None:
    assert body(response_format=response_format).get("format") == expected


@pytest.mark.parametrize(
    ("model", "effort", "think"),
    [
        ("qwen3:4b", "high", True),
        ("qwen3:4b", {"effort": "low", "summary": "auto"}, True),
        ("qwen3:4b", "none", False),
        ("qwen3:4b", "minimal", False),
        ("gpt-oss:20b", "medium", "medium"),
        ("gpt-oss:20b", "minimal", "low"),
        ("gpt-oss:20b", "max", "high"),
    ],
)
def test_effort_switches_thinking_and_grades_it_where_the_model_can(model: str, effort: Any, think: Any) -> None:
    assert body(model=model, reasoning_effort=effort)["think"] == think


def test_a_choice_of_tools_that_can_be_had_is() -> None:
    assert body(tools=[TOOL], tool_choice="auto")["tools"] == [TOOL]
    assert "tools" not in body(tools=[TOOL], tool_choice="none")


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_a_choice_of_tools_that_cannot_be_had_is_refused(choice: Any) -> None:
    with pytest.raises(UnsupportedParamsError, match="acme does not take tool_choice"):
        body(tools=[TOOL], tool_choice=choice)
    assert body(drop_params=True, tools=[TOOL], tool_choice=choice)["tools"] == [TOOL]


def test_images_are_data_beside_the_text() -> None:
    parts = [
        {"type": "text", "text": "What is "},
        {"type": "text", "text": "this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
        {"type": "image_url", "image_url": PIXEL},
    ]
    assert sent({"role": "user", "content": parts}) == [
        {"role": "user", "content": "What is this?", "images": [PIXEL, PIXEL]}
    ]


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"type": "image_url", "image_url": {"url": "https://x/y.png"}}, "Ollama fetches no address"),
        ({"type": "image_url", "image_url": {"url": "data:image/svg+xml,<svg/>"}}, "must be base64"),
        ({"type": "input_audio", "input_audio": {}}, "'input_audio' is neither text nor an image"),
        ({"type": "text"}, "another type than it should be"),
    ],
)
def test_a_part_that_cannot_be_sent_is_named_by_its_message(part: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequestError, match=says) as caught:
        sent({"role": "system", "content": "s"}, {"role": "user", "content": [part]})
    assert caught.value.param == "messages[1]"
    assert str(caught.value).startswith("messages[1] cannot be put into the form that acme takes")


def test_a_round_of_tools() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": [1]}'}}
    assert sent(
        {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "2"},
        {"role": "function", "name": "g", "content": "3"},
    ) == [
        {
            "role": "assistant",
            "thinking": "hm",
            "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": {"a": [1]}}}],
        },
        {"role": "tool", "content": "2", "tool_name": "f", "tool_call_id": "c1"},
        {"role": "tool", "content": "3", "tool_name": "g"},
    ]


@pytest.mark.parametrize("arguments", ["[1]", "{", 3])
def test_arguments_that_are_no_object_are_refused(arguments: Any) -> None:
    call = {"id": "c1", "function": {"name": "f", "arguments": arguments}}
    with pytest.raises(BadRequestError) as caught:
        sent({"role": "assistant", "tool_calls": [call]})
    assert caught.value.param == "messages[0]"
