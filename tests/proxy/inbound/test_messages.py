"""Anthropic's Messages in, and whole answers out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import Message
from msgspec.structs import replace

from aiollm.dialects.anthropic import Anthropic
from aiollm.exceptions import BadRequestError
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.messages import count_response, message_response, parse_message
from aiollm.types.usage import Usage
from tests.dialects.reading import endpoint, request
from tests.proxy.inbound.answers import ASKED, whole

MARK = {"type": "ephemeral"}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}, "title": "t"}
CONVERSATION: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 4000,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": MARK}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Look"}, IMAGE]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                {"type": "text", "text": "I look it up"},
                {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "nothing", "is_error": True},
                {"type": "text", "text": "Again", "cache_control": MARK},
            ],
        },
    ],
    "tools": [{"name": "find", "description": "d", "input_schema": {"type": "object", "properties": {}}}],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    "stop_sequences": ["END"],
    "temperature": 0.5,
    "metadata": {"user_id": "u1"},
}


def parsed(keeps_own: bool = False, **members: Any) -> Asked:
    return parse_message({"model": "m", "max_tokens": 9, "messages": [], **members}, keeps_own=keeps_own)


def user(*blocks: Any, keeps_own: bool = False) -> list[Any]:
    messages: list[Any] = parsed(keeps_own, messages=[{"role": "user", "content": [*blocks]}]).arguments["messages"]
    return messages


def sent(body: dict[str, Any]) -> Any:
    """The body that goes to Anthropic for a request in its own format."""
    arguments = dict(parse_message(body, keeps_own=True).arguments)
    messages, metadata = arguments.pop("messages"), arguments.pop("metadata", {})
    known = frozenset(arguments) - {"thinking", "top_k"}
    asked = request(
        model=body["model"], messages=messages, params=arguments, known=known, stream=False, metadata=metadata
    )
    return json.loads(Anthropic().encode(asked, endpoint()).body)


def test_a_request_comes_out_at_anthropic_as_it_came_in() -> None:
    out = sent(CONVERSATION)
    tool = {**CONVERSATION["tools"][0], "type": "custom"}
    assert {**out, "tools": [{"type": "custom", **out["tools"][0]}]} == {**CONVERSATION, "tools": [tool]}


def test_thinking_is_kept_for_claude_and_said_as_an_effort_for_others() -> None:
    thinking = {"type": "enabled", "budget_tokens": 3000}
    assert sent({**CONVERSATION, "temperature": 1, "thinking": thinking, "tool_choice": None})["thinking"] == thinking
    efforts = {budget: parsed(thinking={**thinking, "budget_tokens": budget}) for budget in (1024, 4000, 32_000)}
    assert [asked.arguments["reasoning_effort"] for asked in efforts.values()] == ["low", "medium", "high"]
    assert "reasoning_effort" not in parsed(thinking={"type": "disabled"}).arguments
    assert parsed(output_config={"effort": "low"}).arguments["reasoning_effort"] == "low"


def test_others_are_sent_nothing_that_only_anthropic_knows() -> None:
    arguments = parse_message({**CONVERSATION, "top_k": 3}, keeps_own=False).arguments
    assert "cache_control" not in json.dumps(arguments)
    assert "is_error" not in json.dumps(arguments)
    assert not {"thinking_blocks", "provider_specific_fields"} & arguments["messages"][2].keys()
    assert "top_k" not in arguments


def test_a_request_is_a_chat_in_openais_terms() -> None:
    arguments = parse_message(CONVERSATION, keeps_own=False).arguments
    function = {"name": "find", "description": "d", "parameters": {"type": "object", "properties": {}}}
    assert arguments == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                ],
            },
            {
                "role": "assistant",
                "content": "I look it up",
                "tool_calls": [
                    {"id": "t1", "type": "function", "function": {"name": "find", "arguments": '{"q":1}'}},
                ],
            },
            {"role": "tool", "tool_call_id": "t1", "content": "nothing"},
            {"role": "user", "content": "Again"},
        ],
        "max_completion_tokens": 4000,
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "stop": ["END"],
        "temperature": 0.5,
        "metadata": {"user_id": "u1"},
    }


def test_a_stream_asks_for_its_usage_and_the_user_is_told() -> None:
    asked = parsed(stream=True, metadata={"user_id": "u1"})
    assert asked.arguments["stream_options"] == {"include_usage": True}
    assert (asked.stream, asked.include_usage, asked.user) == (True, True, "u1")


def test_documents_and_addresses_of_images_have_their_parts() -> None:
    url = {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}}
    note = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}
    assert user(url, PDF, note)[0]["content"] == [
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
        {"type": "file", "file": {"filename": "t", "file_data": "data:application/pdf;base64,aGk="}},
        {"type": "text", "text": "words"},
    ]
    assert user(PDF, keeps_own=True)[0]["content"] == [PDF]


def test_a_schema_for_the_answer_is_a_response_format() -> None:
    form = {"type": "json_schema", "schema": {"type": "object"}}
    wanted = parsed(output_config={"format": form}).arguments["response_format"]
    assert wanted["json_schema"] == {"name": "answer", "schema": {"type": "object"}, "strict": True}


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "find"}, {"type": "function", "function": {"name": "find"}}),
    ],
)
def test_a_choice_of_tools_is_said_in_openais_terms(choice: Any, wanted: Any) -> None:
    assert parsed(tools=CONVERSATION["tools"], tool_choice=choice).arguments["tool_choice"] == wanted


def test_a_tool_of_anthropics_own_is_for_claude_only() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    assert parsed(True, tools=[search]).arguments["tools"] == [search]
    with pytest.raises(BadRequestError) as caught:
        parsed(tools=[search])
    assert caught.value.param == "tools[0].type"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"max_tokens": None}, "max_tokens"),
    ({"max_tokens": True}, "max_tokens"),
    ({"messages": "hi"}, "messages"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
    ({"messages": ["x"]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, "messages[0].content[0]"),
    ({"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}, "messages[0].content[0].source"),
    ({"messages": [{"role": "user", "content": [{"type": "document"}]}]}, "messages[0].content[0].source"),
    ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "messages[0].content[0].tool_use_id"),
    ({"messages": [{"role": "assistant", "content": [{"type": "tool_use"}]}]}, "messages[0].content[0]"),
    ({"messages": [{"role": "assistant", "content": [{"type": "server_tool_use"}]}]}, "messages[0].content[0].type"),
    ({"tools": [1]}, "tools[0]"),
    ({"tools": [{"name": "f"}], "tool_choice": {"type": "some"}}, "tool_choice.type"),
    ({"metadata": []}, "metadata"),
    ({"thinking": [1]}, "thinking"),
    ({"output_config": [1]}, "output_config"),
]


@pytest.mark.parametrize(("wrong", "param"), WRONG)
def test_a_request_that_is_none_is_refused_by_its_place(wrong: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parsed(**wrong)
    assert caught.value.param == param


def test_tokens_are_counted_of_a_request_without_a_length() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert "max_completion_tokens" not in parse_message(body, keeps_own=False, counts=True).arguments
    assert json.loads(count_response(12)) == {"input_tokens": 12}


def test_a_whole_answer_is_one_of_anthropics() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    body = message_response(whole(content="Hi", reasoning_content="hm", tool_calls=[call]), ASKED)
    message = Message.model_validate_json(body, strict=True)
    assert (message.model, message.stop_reason) == ("alias", "tool_use")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (7, 5)
    assert json.loads(body)["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}},
    ]


def test_claudes_own_blocks_are_given_back_in_their_order() -> None:
    blocks = [{"type": "text", "text": "a"}, {"type": "server_tool_use", "id": "s"}, {"type": "text", "text": "b"}]
    response = whole(content="ab", provider_specific_fields={"content_blocks": blocks, "stop_sequence": "END"})
    told = json.loads(message_response(response, ASKED))
    assert (told["content"], told["stop_sequence"]) == (blocks, "END")


def test_broken_arguments_of_a_call_are_kept_as_text() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a'}}
    told = json.loads(message_response(whole(tool_calls=[call]), replace(ASKED, stream=False)))
    assert told["content"][0]["input"] == {"arguments": '{"a'}


def test_what_the_cache_has_is_counted_beside_the_input() -> None:
    response = whole(content="a")
    response.usage = Usage(
        prompt_tokens=10, completion_tokens=1, prompt_tokens_details={"cached_tokens": 4, "cache_creation_tokens": 3}
    )
    assert json.loads(message_response(response, ASKED))["usage"] == {
        "input_tokens": 3,
        "cache_creation_input_tokens": 3,
        "cache_read_input_tokens": 4,
        "output_tokens": 1,
    }
