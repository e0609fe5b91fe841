"""Conversations as turns of the user and the model."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.gemini_contents import contents, system_instruction
from aiollm.exceptions import BadRequestError

USER = {"role": "user", "content": "hi"}


def call(name: str = "f", arguments: Any = '{"a": 1}', **more: Any) -> dict[str, Any]:
    return {"id": f"id-{name}", "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def assistant(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **more}


def model_parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    (turn,) = contents([message])
    assert turn["role"] == "model"
    return turn["parts"]  # type: ignore[no-any-return]


def test_system_and_developer_messages_stand_apart() -> None:
    messages = [
        {"role": "system", "content": "a"},
        USER,
        {"role": "developer", "content": [{"type": "text", "text": "b"}]},
    ]
    assert system_instruction(messages) == {"parts": [{"text": "a"}, {"text": "b"}]}
    assert contents(messages) == [{"role": "user", "parts": [{"text": "hi"}]}]
    assert system_instruction([USER]) is None


def test_system_messages_alone_get_a_turn() -> None:
    assert contents([{"role": "system", "content": "a"}]) == [{"role": "user", "parts": [{"text": "."}]}]


def test_neighbours_of_one_role_are_one_turn() -> None:
    turns = contents([USER, {"role": "user", "content": "again"}, {"role": "assistant", "content": "yes"}])
    assert turns == [
        {"role": "user", "parts": [{"text": "hi"}, {"text": "again"}]},
        {"role": "model", "parts": [{"text": "yes"}]},
    ]


def test_the_results_of_parallel_calls_are_one_turn_under_the_functions_names() -> None:
    turns = contents(
        [
            USER,
            assistant(call("f"), call("g", "")),
            {"role": "tool", "tool_call_id": "id-g", "content": "[1]"},
            {"role": "tool", "tool_call_id": "id-f", "content": [{"type": "text", "text": '{"b": 2}'}]},
        ]
    )
    assert turns[1]["parts"] == [
        {"functionCall": {"name": "f", "args": {"a": 1}}},
        {"functionCall": {"name": "g", "args": {}}},
    ]
    assert turns[2] == {
        "role": "user",
        "parts": [
            {"functionResponse": {"name": "g", "response": {"content": "[1]"}}},
            {"functionResponse": {"name": "f", "response": {"b": 2}}},
        ],
    }


def test_an_image_of_a_result_stands_beside_it() -> None:
    image = {"type": "image_url", "image_url": "data:image/png;base64,YWJj"}
    result = {"role": "tool", "tool_call_id": "id-f", "content": [{"type": "text", "text": "see"}, image]}
    assert contents([assistant(call()), result])[1]["parts"] == [
        {"functionResponse": {"name": "f", "response": {"content": "see"}}},
        {"inlineData": {"mimeType": "image/png", "data": "YWJj"}},
    ]


def test_the_older_form_of_a_call_and_its_result() -> None:
    older = {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": "{}"}}
    turns = contents([older, {"role": "function", "name": "f", "content": "done"}])
    assert turns[0]["parts"] == [{"functionCall": {"name": "f", "args": {}}}]
    assert turns[1]["parts"] == [{"functionResponse": {"name": "f", "response": {"content": "done"}}}]


@pytest.mark.parametrize(
    "signed",
    [call(provider_specific_fields={"thought_signature": "c2ln"}), {**call(), "id": "call_1__thought__c2ln"}],
)
def test_a_calls_signature_goes_back_from_its_fields_or_its_id(signed: dict[str, Any]) -> None:
    assert model_parts(assistant(signed)) == [
        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}
    ]


def test_a_texts_signature_goes_back_to_the_text_and_a_calls_is_not_repeated() -> None:
    signed = call(provider_specific_fields={"thought_signature": "of-call"})
    message = assistant(signed, content="well", provider_specific_fields={"thought_signatures": ["of-text", "of-call"]})
    assert model_parts(message) == [
        {"text": "well", "thoughtSignature": "of-text"},
        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "of-call"},
    ]


def test_a_signature_without_a_text_stands_with_an_empty_one() -> None:
    specific = {"thought_signatures": ["one", "two"]}
    message = {"role": "assistant", "content": "a", "provider_specific_fields": specific}
    assert model_parts(message) == [{"text": "", "thoughtSignature": "one"}, {"text": "a", "thoughtSignature": "two"}]


def test_images_and_what_google_ran_go_back() -> None:
    ran = {"executableCode": {"code": "1"}, "thoughtSignature": "of-code"}
    message = {
        "role": "assistant",
        "content": "see",
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}, "index": 0}],
        "provider_specific_fields": {"server_parts": [ran], "thought_signatures": ["of-code"]},
    }
    assert model_parts(message) == [
        ran,
        {"text": "see"},
        {"inlineData": {"mimeType": "image/png", "data": "YWJj"}},
    ]


@pytest.mark.parametrize(
    ("message", "place", "fault"),
    [
        (assistant({"id": "x", "type": "custom"}), "messages[1].tool_calls[0]", "must be a call of a function"),
        (assistant(call(name="")), "messages[1].tool_calls[0].function.name", "must be the name of a function"),
        (assistant(call(arguments="{")), "messages[1].tool_calls[0].function.arguments", "must be a JSON object"),
        (assistant(call(arguments="[1]")), "messages[1].tool_calls[0].function.arguments", "must be a JSON object"),
        (assistant(images=7), "messages[1]", "has a member of another type"),
        ({"role": "tool", "tool_call_id": "x", "content": ""}, "messages[1].tool_call_id", "must be the id of a tool"),
    ],
)
def test_a_bad_message_is_named_by_its_place(message: dict[str, Any], place: str, fault: str) -> None:
    with pytest.raises(BadRequestError, match=fault) as caught:
        contents([USER, message])
    assert caught.value.param == place
