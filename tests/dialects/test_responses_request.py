"""Chat requests in the terms of the Responses API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.responses import Responses
from aiollm.exceptions import BadRequestError, UnsupportedParamsError
from aiollm.providers import providers
from aiollm.providers.responses import responses_row
from aiollm.types.parameters import OPENAI_PARAMS
from tests.dialects.reading import MODEL, endpoint, request

UNSUPPORTED = responses_row(providers()["openai"]).unsupported
USER = {"type": "message", "role": "user", "content": "Hello"}
SCHEMA = {"type": "object", "properties": {}}


def body(**asked: Any) -> dict[str, Any]:
    wanted = request(known=OPENAI_PARAMS, **{"stream": False, **asked})
    sent = json.loads(Responses().encode(wanted, endpoint(unsupported=UNSUPPORTED)).body)
    assert isinstance(sent, dict)
    return sent


def items(*messages: dict[str, Any]) -> Any:
    return body(messages=messages)["input"]


def test_the_least_request() -> None:
    assert body() == {"model": MODEL, "input": [USER]}
    assert body(stream=True) == {"model": MODEL, "input": [USER], "stream": True}


def test_usage_need_not_be_asked_for() -> None:
    options = {"include_usage": True, "include_obfuscation": False}
    assert body(stream=True, params={"stream_options": options})["stream_options"] == {"include_obfuscation": False}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"max_tokens": 20}, {"max_output_tokens": 20}),
        ({"max_completion_tokens": 20}, {"max_output_tokens": 20}),
        ({"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
        (
            {"reasoning_effort": {"effort": "low", "summary": "auto"}},
            {"reasoning": {"effort": "low", "summary": "auto"}},
        ),
        ({"verbosity": "low"}, {"text": {"verbosity": "low"}}),
        ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
        (
            {
                "verbosity": "high",
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
                },
            },
            {
                "text": {
                    "verbosity": "high",
                    "format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True},
                }
            },
        ),
        ({"logprobs": True, "top_logprobs": 2}, {"include": ["message.output_text.logprobs"], "top_logprobs": 2}),
        ({"logprobs": False}, {}),
        ({"include": ["reasoning.encrypted_content"]}, {"include": ["reasoning.encrypted_content"]}),
        (
            {"temperature": 0.1, "top_p": 0.5, "parallel_tool_calls": False, "user": "u", "store": False},
            {"temperature": 0.1, "top_p": 0.5, "parallel_tool_calls": False, "user": "u", "store": False},
        ),
        ({"previous_response_id": "resp_1"}, {"previous_response_id": "resp_1"}),
        ({"n": 1}, {}),
    ],
)
def test_parameters(given: dict[str, Any], sent: dict[str, Any]) -> None:
    assert body(params=given) == {"model": MODEL, "input": [USER], **sent}


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_what_it_has_no_word_for_is_refused_or_dropped(name: str) -> None:
    with pytest.raises(UnsupportedParamsError, match=name) as caught:
        body(params={name: 2})
    assert caught.value.param == name
    assert name not in body(params={name: 2}, drop_params=True)


@pytest.mark.parametrize(
    ("tool", "sent"),
    [
        (
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA}},
            {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": False},
        ),
        (
            {"type": "function", "function": {"name": "f", "strict": True}},
            {"type": "function", "name": "f", "parameters": None, "strict": True},
        ),
        (
            {
                "type": "custom",
                "custom": {
                    "name": "c",
                    "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: x"}},
                },
            },
            {
                "type": "custom",
                "name": "c",
                "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"},
            },
        ),
        ({"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}}, None),
        ({"type": "web_search"}, {"type": "web_search"}),
        ({"type": "function", "name": "f"}, {"type": "function", "name": "f"}),
    ],
)
def test_tools(tool: dict[str, Any], sent: dict[str, Any] | None) -> None:
    expected = sent or {"type": "custom", "name": "c", "format": {"type": "text"}}
    assert body(params={"tools": [tool]})["tools"] == [expected]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("required", "required"),
        ({"type": "function", "function": {"name": "f"}}, {"type": "function", "name": "f"}),
        ({"type": "custom", "custom": {"name": "c"}}, {"type": "custom", "name": "c"}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
        ),
        ({"type": "web_search"}, {"type": "web_search"}),
    ],
)
def test_tool_choice(choice: Any, sent: Any) -> None:
    assert body(params={"tool_choice": choice})["tool_choice"] == sent


def test_a_web_search_is_a_tool_among_the_others() -> None:
    options = {"search_context_size": "low", "user_location": {"type": "approximate", "approximate": {"city": "Bern"}}}
    tools = body(params={"tools": [{"type": "web_search_preview"}], "web_search_options": options})["tools"]
    place = {"type": "approximate", "city": "Bern"}
    assert tools[1] == {"type": "web_search", "search_context_size": "low", "user_location": place}
    assert body(params={"web_search_options": {}})["tools"] == [{"type": "web_search"}]


def test_messages_keep_their_order_and_roles() -> None:
    sent = items(
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]},
        {"role": "developer", "content": [{"type": "text", "text": "Be polite.", "cache_control": {"type": "x"}}]},
    )
    assert [(item["role"], item["content"]) for item in sent] == [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("developer", [{"type": "input_text", "text": "Be polite."}]),
    ]


def test_parts_of_a_message() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
    (sent,) = items(
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
                {"type": "image_url", "image_url": "data:image/png;base64,AA=="},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}},
                {"type": "file", "file": {"file_id": "file-1", "format": "application/pdf"}},
                audio,
                {"type": "input_text", "text": "own"},
            ],
        }
    )
    assert sent["content"] == [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": "https://x/y.png", "detail": "low"},
        {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"},
        {"type": "input_file", "file_id": "file-1"},
        audio,
        {"type": "input_text", "text": "own"},
    ]


def test_calls_and_their_results() -> None:
    sent = items(
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "call_2", "type": "custom", "custom": {"name": "c", "input": "x"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "7"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "8"}]},
    )
    assert sent == [
        {"type": "message", "role": "assistant", "content": "Let me see."},
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "c", "input": "x"},
        {"type": "function_call_output", "call_id": "call_1", "output": "7"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "8"}]},
    ]


def test_sealed_reasoning_goes_back_before_the_answer() -> None:
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "sealed", "id": "rs_1"},
        {"type": "thinking", "thinking": "of another provider", "signature": "x"},
    ]
    assert items({"role": "assistant", "content": "7", "thinking_blocks": blocks}) == [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "sealed",
        },
        {"type": "message", "role": "assistant", "content": "7"},
    ]


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "video"}]}, "messages[0].content[1]"),
        ({"role": "user", "content": ["x"]}, "messages[0].content[0]"),
        ({"role": "function", "name": "f", "content": "7"}, "messages[0]"),
        ({"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}, "messages[0]"),
        ({"role": "assistant", "tool_calls": [{"id": "c", "type": "odd"}]}, "messages[0].tool_calls[0]"),
    ],
)
def test_what_cannot_be_said_names_its_place(message: dict[str, Any], place: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        items(message)
    assert caught.value.param == place
    assert str(caught.value).startswith(place)
