"""Each quirk on a body that calls for it, and on one that does not."""

import copy
from typing import Any

import pytest

from aiollm.providers import quirks
from aiollm.providers.quirks import BODY_QUIRKS, ROLE_QUIRKS
from aiollm.types.endpoint import BodyQuirk

USER = {"role": "user", "content": "hi"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
PARTS = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
IMAGE = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:,"}}]


def body(*messages: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages) or [USER], **members}


PLAIN = body({"role": "system", "content": "s"}, USER, {"role": "assistant", "content": "yes"})

CHANGES: list[tuple[BodyQuirk, dict[str, Any], dict[str, Any]]] = [
    (quirks.developer_as_system, body({"role": "developer", "content": "d"}), body({"role": "system", "content": "d"})),
    (quirks.developer_as_user, body({"role": "developer", "content": "d"}), body({"role": "user", "content": "d"})),
    (quirks.flatten_text, body({"role": "user", "content": PARTS}), body({"role": "user", "content": "ab"})),
    (quirks.strip_names, body({**USER, "name": "n"}), body(USER)),
    (
        quirks.strip_nulls,
        body({"role": "assistant", "content": "a", "function_call": None}),
        body({"role": "assistant", "content": "a"}),
    ),
    (quirks.model_without_version, body(model="m@2411"), body(model="m")),
    (quirks.tool_choice_any, body(tool_choice="required"), body(tool_choice="any")),
    (
        quirks.tool_choice_in_words,
        body(tools=[TOOL], tool_choice="required"),
        body(USER, {"role": "user", "content": "Call one of the tools now."}, tools=[TOOL]),
    ),
    (quirks.effort_max_as_xhigh, body(reasoning_effort="max"), body(reasoning_effort="xhigh")),
    (quirks.usage_included, body(), body(usage={"include": True})),
    (quirks.store_off, body(), body(store=False)),
    (quirks.effort_as_thinking, body(reasoning_effort="none"), body(thinking={"type": "disabled"})),
    (
        quirks.effort_as_thinking,
        body(reasoning_effort="low"),
        body(reasoning_effort="low", thinking={"type": "enabled"}),
    ),
    (
        quirks.effort_as_thinking,
        body(thinking={"type": "enabled", "budget_tokens": 9}),
        body(thinking={"type": "enabled"}),
    ),
    (
        quirks.effort_as_thinking,
        body(thinking={"type": "disabled"}, reasoning_effort="high"),
        body(thinking={"type": "disabled"}),
    ),
    (
        quirks.reasoning_replayed,
        body({"role": "assistant", "content": "a"}, thinking={"type": "enabled"}),
        body({"role": "assistant", "content": "a", "reasoning_content": " "}, thinking={"type": "enabled"}),
    ),
    (
        quirks.mistral_messages,
        body({**USER, "name": "n"}, {"role": "assistant", "content": "a", "audio": None}),
        body(USER, {"role": "assistant", "content": "a"}),
    ),
    (quirks.adapter_only, {**body(), "model": "llama/mine/2"}, {**body(), "model": "mine/2"}),
    (
        quirks.effort_as_claude_thinking,
        {**body(reasoning_effort="low", max_tokens=100), "model": "databricks-claude-sonnet-4"},
        {
            **body(thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=1124),
            "model": "databricks-claude-sonnet-4",
        },
    ),
    (
        quirks.effort_as_claude_thinking,
        {**body(reasoning_effort={"effort": "max"}), "model": "claude"},
        {**body(thinking={"type": "enabled", "budget_tokens": 4096}, max_tokens=8192), "model": "claude"},
    ),
    (
        quirks.effort_as_claude_thinking,
        {**body(reasoning_effort="none"), "model": "claude"},
        {**body(), "model": "claude"},
    ),
    (quirks.watsonx_body, body(stream=True), {"model_id": "m", "messages": [USER]}),
    (
        quirks.max_completion_tokens_if_reasoning,
        {**body(max_tokens=7), "model": "o3-mini"},
        {**body(max_completion_tokens=7), "model": "o3-mini"},
    ),
    (
        quirks.schema_in_words,
        body(response_format=SCHEMA),
        body(
            USER,
            {
                "role": "user",
                "content": 'Answer with one JSON object that follows this JSON schema: {"type": "object"}',
            },
            response_format={"type": "json_object"},
        ),
    ),
    (
        quirks.tools_as_functions,
        body(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "f"}}, parallel_tool_calls=True),
        body(functions=[TOOL["function"]], function_call={"name": "f"}),
    ),
    (quirks.tools_as_functions, body(tools=[TOOL], tool_choice="none"), body()),
    (
        quirks.model_in_url,
        {"model": "m", "messages": [USER], "stream": True, "stream_options": {}, "seed": 1},
        {"messages": [USER], "seed": 1},
    ),
    (
        quirks.nova_own,
        body(additionalModelRequestFields={"inferenceConfig": {"topK": 5}, "x": 1}, inferenceConfig={"topP": 0.5}),
        body(schemaVersion="messages-v1", inferenceConfig={"topK": 5, "topP": 0.5}, x=1),
    ),
    (
        quirks.tools_as_functions,
        body(
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "{}"},
            tools=[TOOL],
            tool_choice="auto",
        ),
        body(
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": {"a": 1}}},
            {"role": "function", "content": "{}"},
            functions=[TOOL["function"]],
        ),
    ),
]

UNCHANGED: list[tuple[BodyQuirk, dict[str, Any]]] = [
    (quirks.developer_as_system, PLAIN),
    (quirks.developer_as_user, PLAIN),
    (quirks.flatten_text, body({"role": "user", "content": IMAGE})),
    (quirks.flatten_text, body({"role": "user", "content": []})),
    (quirks.strip_names, body({"role": "tool", "tool_call_id": "c", "name": "f", "content": "1"})),
    (quirks.strip_nulls, body({"role": "user", "content": None})),
    (quirks.tool_choice_any, body(tool_choice="auto")),
    (quirks.tool_choice_in_words, body(tool_choice={"type": "function", "function": {"name": "f"}})),
    (quirks.usage_included, body(usage={"include": False})),
    (quirks.effort_as_thinking, body(thinking="on")),
    (quirks.reasoning_replayed, body({"role": "assistant", "content": "a"}, thinking={"type": "disabled"})),
    (
        quirks.reasoning_replayed,
        body({"role": "assistant", "content": "a", "reasoning_content": "r"}, thinking={"type": "enabled"}),
    ),
    (quirks.max_completion_tokens_if_reasoning, {**body(max_tokens=7), "model": "gpt-4o"}),
    (quirks.schema_in_words, body(response_format={"type": "json_object"})),
    (quirks.tools_as_functions, body({"role": "tool", "content": "x"}) | {"messages": [USER]}),
    (quirks.effort_as_claude_thinking, body(reasoning_effort="low")),
]

ALWAYS = ("adapter_only", "model_in_url", "nova_own", "store_off", "usage_included", "watsonx_body")


@pytest.mark.parametrize(("quirk", "before", "after"), CHANGES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_quirk_changes_a_copy(quirk: BodyQuirk, before: dict[str, Any], after: dict[str, Any]) -> None:
    kept = copy.deepcopy(before)
    assert quirk(before) == after
    assert before == kept


@pytest.mark.parametrize(("quirk", "before"), UNCHANGED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_quirk_leaves_alone_what_does_not_call_for_it(quirk: BodyQuirk, before: dict[str, Any]) -> None:
    assert quirk(before) == before


@pytest.mark.parametrize("name", [name for name in BODY_QUIRKS if name not in ALWAYS])
def test_a_plain_body_stays_as_it_is(name: str) -> None:
    assert BODY_QUIRKS[name](PLAIN) == PLAIN


def test_every_quirk_is_tried_here() -> None:
    tried = {quirk.__name__ for quirk, *_ in CHANGES}
    roles = {quirk.__name__ for quirk in ROLE_QUIRKS.values() if quirk}
    assert tried == set(BODY_QUIRKS) | roles


@pytest.mark.parametrize("model", ["o1", "o3-mini", "gpt-5", "gpt-5.6-mini", "gpt-6", "gpt-10", "ft:o4-mini:me"])
def test_a_reasoning_model_of_openai_is_known_by_its_name(model: str) -> None:
    sent = quirks.max_completion_tokens_if_reasoning({**body(max_tokens=7), "model": model})
    assert (sent.get("max_tokens"), sent["max_completion_tokens"]) == (None, 7)


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4.1", "gpt-3.5-turbo", "gpt-35-turbo", "chatgpt-4o-latest", "omni", "llama-3"]
)
def test_another_model_keeps_max_tokens(model: str) -> None:
    sent = quirks.max_completion_tokens_if_reasoning({**body(max_tokens=7), "model": model})
    assert sent["max_tokens"] == 7


def test_a_callers_max_completion_tokens_wins() -> None:
    sent = quirks.max_completion_tokens_if_reasoning({**body(max_tokens=7, max_completion_tokens=5), "model": "o1"})
    assert sent["max_completion_tokens"] == 5


@pytest.mark.parametrize("arguments", ["{broken", None, ""])
def test_arguments_that_are_no_json_are_passed_on(arguments: str | None) -> None:
    call = {"function": {"name": "f", "arguments": arguments}}
    sent = quirks.tools_as_functions(body({"role": "assistant", "tool_calls": [call]}))
    assert sent["messages"][0]["function_call"]["arguments"] == arguments
