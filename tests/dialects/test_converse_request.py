"""What Converse is sent, as values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.converse import Converse
from aiollm.exceptions import BadRequestError, UnsupportedParamsError
from aiollm.providers import providers
from aiollm.types.parameters import OPENAI_PARAMS
from tests.dialects.reading import endpoint, request

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OLD_CLAUDE = "anthropic.claude-3-sonnet-20240229-v1:0"
NEW_CLAUDE = "us.anthropic.claude-opus-4-6-v1"
NOVA = "amazon.nova-pro-v1:0"
PNG = "data:image/png;base64,iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
TOOL = {"type": "function", "function": {"name": "f", "description": "Does it.", "parameters": SCHEMA}}
SPEC = {"toolSpec": {"name": "f", "description": "Does it.", "inputSchema": {"json": SCHEMA}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
USER = {"role": "user", "content": "Hi"}
ROW = providers()["bedrock"]


def body(*messages: dict[str, Any], model: str = CLAUDE, drop_params: bool = False, **params: Any) -> dict[str, Any]:
    asked = request(
        model=model,
        messages=list(messages) or [USER],
        params=params,
        known=OPENAI_PARAMS,
        drop_params=drop_params,
    )
    http = Converse().encode(asked, endpoint(provider="bedrock", unsupported=ROW.unsupported))
    found: dict[str, Any] = json.loads(http.body)
    return found


def content(part: Any, role: str = "user") -> Any:
    """The blocks that a message's content comes to."""
    return body({"role": role, "content": part})["messages"][0]["content"]


def members(**params: Any) -> dict[str, Any]:
    """The body without its messages."""
    return {name: value for name, value in body(**params).items() if name != "messages"}


def test_text_is_a_block_and_turns_of_one_role_are_one() -> None:
    sent = body(
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        USER,
        {"role": "user", "content": [{"type": "text", "text": "there"}]},
        {"role": "assistant", "content": "Hello"},
        USER,
    )
    assert sent == {
        "system": [{"text": "Be brief."}, {"text": "Be kind."}],
        "messages": [
            {"role": "user", "content": [{"text": "Hi"}, {"text": "there"}]},
            {"role": "assistant", "content": [{"text": "Hello"}]},
            {"role": "user", "content": [{"text": "Hi"}]},
        ],
    }


def test_a_system_message_in_the_middle_is_told_in_the_users_turn() -> None:
    sent = body(USER, {"role": "system", "content": "Stop."})
    assert sent["messages"][0]["content"] == [{"text": "Hi"}, {"text": "[System message]\nStop."}]


def test_a_call_and_its_result_go_back() -> None:
    sent = body(
        USER,
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "7"},
        {"role": "user", "content": "And?"},
        tools=[TOOL],
    )
    assert sent["messages"][1:] == [
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "f", "input": {"a": 1}}}]},
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "7"}]}}, {"text": "And?"}],
        },
    ]
    assert sent["toolConfig"] == {"tools": [SPEC]}


def test_calls_in_the_history_need_a_tool_of_that_name() -> None:
    sent = body(
        USER, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "c1", "content": ""}
    )
    (tool,) = sent["toolConfig"]["tools"]
    assert tool["toolSpec"] == {"name": "f", "inputSchema": {"json": {"type": "object", "properties": {}}}}
    assert sent["messages"][2]["content"] == [{"toolResult": {"toolUseId": "c1", "content": []}}]


def test_a_result_may_be_an_image() -> None:
    result = {"role": "tool", "tool_call_id": "c1", "content": [{"type": "image_url", "image_url": {"url": PNG}}]}
    sent = body(USER, {"role": "assistant", "tool_calls": [CALL]}, result, tools=[TOOL])
    block = sent["messages"][2]["content"][0]["toolResult"]
    assert block["content"] == [{"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}]


def test_thinking_goes_back_as_it_came() -> None:
    thinking = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "cmVk"},
        {"type": "thinking", "thinking": "unsigned"},
    ]
    sent = body(USER, {"role": "assistant", "content": "Yes", "thinking_blocks": thinking})
    assert sent["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "cmVk"}},
        {"text": "Yes"},
    ]


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            {"type": "image_url", "image_url": {"url": PNG}},
            {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
        ),
        (
            {"type": "image_url", "image_url": "data:image/jpg;base64,eA=="},
            {"image": {"format": "jpeg", "source": {"bytes": "eA=="}}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "s3://bucket/a.webp"}},
            {"image": {"format": "webp", "source": {"s3Location": {"uri": "s3://bucket/a.webp"}}}},
        ),
        (
            {"type": "video_url", "video_url": {"url": "data:video/quicktime;base64,eA=="}},
            {"video": {"format": "mov", "source": {"bytes": "eA=="}}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "eA==", "format": "mp3"}},
            {"audio": {"format": "mp3", "source": {"bytes": "eA=="}}},
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,eA==", "filename": "a_b.pdf"}},
            {"document": {"format": "pdf", "name": "a b", "source": {"bytes": "eA=="}}},
        ),
        (
            {"type": "file", "file": {"file_data": "data:text/plain;base64,eA=="}},
            {"document": {"format": "txt", "name": "document", "source": {"bytes": "eA=="}}},
        ),
        (
            {"type": "file", "file": {"file_id": "s3://bucket/x/report.docx"}},
            {
                "document": {
                    "format": "docx",
                    "name": "report",
                    "source": {"s3Location": {"uri": "s3://bucket/x/report.docx"}},
                }
            },
        ),
        (
            {"type": "file", "file": {"file_data": "eA==", "filename": "table.csv"}},
            {"document": {"format": "csv", "name": "table", "source": {"bytes": "eA=="}}},
        ),
        (
            {"type": "file", "file": {"file_data": "data:video/mp4;base64,eA=="}},
            {"video": {"format": "mp4", "source": {"bytes": "eA=="}}},
        ),
        ({"type": "guarded_text", "text": "x"}, {"guardContent": {"text": {"text": "x"}}}),
        ({"cachePoint": {"type": "default"}}, {"cachePoint": {"type": "default"}}),
    ],
)
def test_a_part_is_a_block(part: dict[str, Any], block: dict[str, Any]) -> None:
    assert content([part]) == [block]


def test_documents_of_one_name_are_told_apart() -> None:
    part = {"type": "file", "file": {"file_data": "data:application/pdf;base64,eA==", "filename": "a.pdf"}}
    assert [block["document"]["name"] for block in content([part, part, part])] == ["a", "a 2", "a 3"]


def test_a_cache_mark_ends_the_prefix_it_stands_on() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    hour = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    point, hours = {"cachePoint": {"type": "default"}}, {"cachePoint": {"type": "default", "ttl": "1h"}}
    sent = body(
        {"role": "system", "content": [{"type": "text", "text": "S", **mark}]},
        {"role": "user", "content": "Q", **hour},
        tools=[{**TOOL, **mark}],
    )
    assert sent["system"] == [{"text": "S"}, point]
    assert sent["messages"][0]["content"] == [{"text": "Q"}, hours]
    assert sent["toolConfig"]["tools"] == [SPEC, point]


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"type": "image_url", "image_url": {"url": "https://x/a.png"}}, "messages[0].content[0].image_url"),
        ({"type": "image_url", "image_url": {}}, "messages[0].content[0].image_url"),
        ({"type": "image_url", "image_url": {"url": "data:image/bmp;base64,eA=="}}, "messages[0].content[0].image_url"),
        ({"type": "file", "file": {}}, "messages[0].content[0].file"),
        ({"type": "file", "file": {"file_data": "eA=="}}, "messages[0].content[0].file"),
        ({"type": "input_audio", "input_audio": {}}, "messages[0].content[0].input_audio"),
        ({"type": "hologram"}, "messages[0].content[0]"),
        (7, "messages[0].content[0]"),
    ],
)
def test_a_part_that_cannot_be_said_is_refused_by_its_place(part: Any, place: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        content([part])
    assert caught.value.param == place
    assert place in str(caught.value)


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "S"}],
        [USER, {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}],
        [USER, {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{"}}]}],
        [USER, {"role": "tool", "content": "no id"}],
        [USER, {"role": "function", "name": "f", "content": "7"}],
    ],
)
def test_messages_that_cannot_be_said_are_refused(messages: list[dict[str, Any]]) -> None:
    with pytest.raises(BadRequestError, match="messages"):
        body(*messages)


def test_the_parameters_of_inference_have_converses_names() -> None:
    assert members(max_tokens=9, temperature=0.5, top_p=0.9, stop="x") == {
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"]}
    }
    assert members(max_completion_tokens=9)["inferenceConfig"] == {"maxTokens": 9}


def test_what_converse_does_not_know_goes_to_the_model() -> None:
    assert members(top_k=5, odd={"a": 1}) == {"additionalModelRequestFields": {"top_k": 5, "odd": {"a": 1}}}
    assert members(model=NOVA, top_k=5) == {"additionalModelRequestFields": {"inferenceConfig": {"topK": 5}}}


def test_converses_own_members_are_merged() -> None:
    own = {
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "performanceConfig": {"latency": "optimized"},
        "requestMetadata": {"team": "a"},
        "additionalModelRequestFields": {"x": 1},
        "inferenceConfig": {"topP": 0.1},
    }
    sent = members(top_k=5, max_tokens=3, **own)
    assert sent == {
        **own,
        "additionalModelRequestFields": {"top_k": 5, "x": 1},
        "inferenceConfig": {"maxTokens": 3, "topP": 0.1},
    }


def test_a_service_tier_is_an_object_and_auto_is_none() -> None:
    assert members(service_tier="flex") == {"serviceTier": {"type": "flex"}}
    assert members(service_tier="auto") == {}


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"auto": {}}),
        ("required", {"any": {}}),
        ({"type": "function", "function": {"name": "f"}}, {"tool": {"name": "f"}}),
        ({"any": {}}, {"any": {}}),
    ],
)
def test_a_choice_of_tools(choice: Any, sent: dict[str, Any]) -> None:
    assert members(tools=[TOOL], tool_choice=choice)["toolConfig"] == {"tools": [SPEC], "toolChoice": sent}


def test_the_choice_of_no_tool_leaves_them_out() -> None:
    assert members(tools=[TOOL], tool_choice="none") == {}
    with pytest.raises(BadRequestError, match="tool_choice"):
        body(USER, {"role": "assistant", "tool_calls": [CALL]}, tools=[TOOL], tool_choice="none")


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"tools": [TOOL], "tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
    ],
)
def test_a_value_without_a_counterpart_is_refused(params: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        body(**params)
    assert caught.value.param == param


def test_one_call_at_a_time_is_anthropics_to_say() -> None:
    sent = members(tools=[TOOL], tool_choice="required", parallel_tool_calls=False)
    assert sent["additionalModelRequestFields"] == {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}}
    with pytest.raises(UnsupportedParamsError, match="parallel_tool_calls"):
        body(model=NOVA, tools=[TOOL], parallel_tool_calls=False)
    assert members(model=NOVA, tools=[TOOL], parallel_tool_calls=True)["toolConfig"]


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        (
            CLAUDE,
            "low",
            {
                "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
                "inferenceConfig": {"maxTokens": 1024 + 4096},
                "additionalModelResponseFieldPaths": ["/usage/output_tokens_details"],
            },
        ),
        (CLAUDE, "none", {}),
        (
            NEW_CLAUDE,
            "high",
            {
                "additionalModelRequestFields": {"thinking": {"type": "adaptive", "display": "summarized"}},
                "outputConfig": {"effort": "high"},
                "additionalModelResponseFieldPaths": ["/usage/output_tokens_details"],
            },
        ),
        (
            "us.amazon.nova-2-lite-v1:0",
            "max",
            {"additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}},
        ),
        ("openai.gpt-oss-20b-1:0", "low", {"additionalModelRequestFields": {"reasoning_effort": "low"}}),
    ],
)
def test_an_effort_is_told_in_the_models_terms(model: str, effort: str, sent: dict[str, Any]) -> None:
    assert members(model=model, reasoning_effort=effort) == sent
    assert members(model=model, reasoning_effort={"effort": effort}) == sent


def test_thinking_stays_within_the_length_that_is_asked_for() -> None:
    sent = members(reasoning_effort="high", max_tokens=3000)
    assert sent["inferenceConfig"] == {"maxTokens": 3000}
    assert sent["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 2999


@pytest.mark.parametrize("model", [OLD_CLAUDE, NOVA, "meta.llama3-70b-instruct-v1:0"])
def test_a_model_that_does_not_think_takes_no_effort(model: str) -> None:
    with pytest.raises(UnsupportedParamsError, match="reasoning_effort"):
        body(model=model, reasoning_effort="low")
    assert members(model=model, reasoning_effort="low", drop_params=True) == {}


def test_a_schema_is_a_member_where_the_model_takes_it() -> None:
    text_format = members(response_format=FORMAT)["outputConfig"]["textFormat"]
    assert text_format["structure"]["jsonSchema"]["name"] == "answer"
    assert json.loads(text_format["structure"]["jsonSchema"]["schema"]) == {**SCHEMA, "additionalProperties": False}


def test_a_schema_is_a_tool_where_it_does_not() -> None:
    answer = {"name": "json_tool_call", "description": "Give the answer.", "inputSchema": {"json": SCHEMA}}
    sent = members(model=NOVA, response_format=FORMAT)["toolConfig"]
    assert sent == {"tools": [{"toolSpec": answer}], "toolChoice": {"any": {}}}
    beside = members(model=NOVA, response_format=FORMAT, tools=[TOOL], tool_choice="auto")["toolConfig"]
    assert beside == {"tools": [SPEC, {"toolSpec": answer}], "toolChoice": {"auto": {}}}
    assert "toolChoice" not in members(model="meta.llama4-x", response_format=FORMAT)["toolConfig"]


@pytest.mark.parametrize("name", sorted(ROW.unsupported - {"n"}))
def test_a_parameter_that_is_not_taken_is_named(name: str) -> None:
    with pytest.raises(UnsupportedParamsError, match=name) as caught:
        body(**{name: 1})
    assert caught.value.param == name
    assert members(**{name: 1}, drop_params=True) == {}


def test_the_newest_claude_takes_no_sampling() -> None:
    with pytest.raises(UnsupportedParamsError, match="temperature"):
        body(model="us.anthropic.claude-opus-4-8", temperature=0.2)
    assert members(model="us.anthropic.claude-opus-4-8", temperature=1)["inferenceConfig"] == {"temperature": 1}


def test_a_member_of_another_type_is_a_bad_request() -> None:
    with pytest.raises(BadRequestError, match="cannot be put into the form that bedrock takes"):
        body({"role": "assistant", "content": "x", "tool_calls": 7})
