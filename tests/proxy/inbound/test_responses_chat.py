"""The Responses API in and out, by way of a chat."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import Response
from openai.types.responses import ResponseStreamEvent as EventType
from pydantic import TypeAdapter

from aiollm import exceptions as e
from aiollm.dialects.responses import Responses
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.failure import failure_of
from aiollm.proxy.inbound.responses_chat import parse_response_as_chat
from aiollm.proxy.inbound.responses_frames import ChatResponseFrames, chat_response_body
from tests.dialects.reading import endpoint, read, request
from tests.outbound.test_chat_frames import STREAMS
from tests.proxy.inbound.answers import ASKED, call, content, names, payloads, read_again, streamed, whole, written

EVENTS: TypeAdapter[Any] = TypeAdapter(EventType)
RESPONSES = Responses()
INPUT: list[dict[str, Any]] = [
    {"type": "message", "role": "system", "content": "Be brief."},
    {
        "type": "message",
        "role": "user",
        "content": [
            {"type": "input_text", "text": "Look"},
            {"type": "input_image", "image_url": "https://x.example/a.png", "detail": "low"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="},
        ],
    },
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "sealed",
    },
    {"type": "message", "role": "assistant", "content": "I look"},
    {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{}"},
    {"type": "custom_tool_call", "call_id": "c2", "name": "run", "input": "x"},
    {"type": "function_call_output", "call_id": "c1", "output": "nothing"},
    {"type": "custom_tool_call_output", "call_id": "c2", "output": "done"},
    {"type": "message", "role": "user", "content": "Again"},
]
TOOLS = [
    {"type": "function", "name": "find", "parameters": {"type": "object"}, "strict": True},
    {"type": "custom", "name": "run"},
]


def parsed(**members: Any) -> Asked:
    return parse_response_as_chat({"model": "m", "input": "hi", **members})


def test_a_chat_of_the_request_is_the_request_again_in_the_apis_own_terms() -> None:
    body = {"input": INPUT, "tools": TOOLS, "tool_choice": {"type": "function", "name": "find"}, "temperature": 0.5}
    form = {"format": {"type": "json_schema", "name": "n", "schema": {}}, "verbosity": "low"}
    body |= {"max_output_tokens": 9, "reasoning": {"effort": "low"}, "text": form}
    arguments = parsed(**body).arguments
    messages = arguments.pop("messages")
    asked = request(model="m", messages=messages, params=arguments, known=frozenset(arguments), stream=False)
    assert json.loads(RESPONSES.encode(asked, endpoint()).body) == {"model": "m", **body}


def test_instructions_are_the_first_message_and_text_is_a_users() -> None:
    assert parsed(instructions="Be brief.").arguments["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
    ]


def test_a_stream_asks_for_its_usage_and_notes_are_told() -> None:
    asked = parsed(stream=True, metadata={"a": "b"}, top_logprobs=2, store=True, include=["x"])
    assert asked.arguments["stream_options"] == {"include_usage": True}
    assert (asked.arguments["logprobs"], asked.arguments["top_logprobs"]) == (True, 2)
    assert asked.metadata == {"a": "b"}
    assert not {"store", "include", "metadata"} & asked.arguments.keys()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"previous_response_id": "resp_1"}, "previous_response_id"),
    ({"background": True}, "background"),
    ({"tools": {"a": 1}}, "tools"),
    ({"tools": [{"type": "web_search"}]}, "tools[0]"),
    ({"tools": TOOLS, "tool_choice": {"type": "web_search"}}, "tool_choice"),
    ({"reasoning": [1]}, "reasoning"),
    ({"text": [1]}, "text"),
    ({"input": None}, "input"),
    ({"input": ["x"]}, "input[0]"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
    ({"input": [{"role": "judge", "content": "x"}]}, "input[0].role"),
    ({"input": [{"role": "user", "content": 1}]}, "input[0].content"),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "x"}]}]}, "input[0].content[0]"),
    ({"input": [{"role": "assistant", "content": 1}]}, "input[0].content"),
    ({"input": [{"type": "function_call", "name": "f"}]}, "input[0]"),
    ({"input": [{"type": "function_call_output"}]}, "input[0].call_id"),
]


@pytest.mark.parametrize(("wrong", "param"), WRONG)
def test_what_a_chat_has_no_word_for_is_refused_by_its_place(wrong: dict[str, Any], param: str) -> None:
    with pytest.raises(e.BadRequestError) as caught:
        parsed(**wrong)
    assert caught.value.param == param


@pytest.mark.parametrize("deltas", STREAMS.values(), ids=STREAMS)
def test_a_stream_that_is_written_says_what_was_read(deltas: list[Any]) -> None:
    chunks = streamed(*deltas, finish="tool_calls" if "tool_calls" in deltas[-1] else "stop")
    assert content(read_again(written(ChatResponseFrames(ASKED), chunks), RESPONSES)) == content(chunks)


@pytest.mark.parametrize("deltas", STREAMS.values(), ids=STREAMS)
def test_every_event_is_one_of_openais_and_numbered(deltas: list[Any]) -> None:
    data = written(ChatResponseFrames(ASKED), streamed(*deltas))
    told = payloads(data)
    assert [one["type"] for one in told] == names(data)
    assert [one["sequence_number"] for one in told] == list(range(len(told)))
    for one in told:
        EVENTS.validate_python(one)


def test_an_item_is_announced_grown_and_repeated_whole() -> None:
    data = written(ChatResponseFrames(ASKED), streamed({"content": "a"}, {"content": "b"}))
    assert names(data) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    response = payloads(data)[-1]["response"]
    assert Response.model_validate(response).output_text == "ab"
    assert (response["model"], response["usage"]["total_tokens"]) == ("alias", 12)


def test_a_custom_call_grows_by_its_input() -> None:
    first = {"index": 0, "id": "c", "type": "custom", "custom": {"name": "run", "input": ""}}
    pieces = [first, *({"index": 0, "custom": {"input": piece}} for piece in ("ls", " -l"))]
    chunks = streamed(*({"tool_calls": [piece]} for piece in pieces), finish="tool_calls")
    item = payloads(written(ChatResponseFrames(ASKED), chunks))[-1]["response"]["output"][0]
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "run", "ls -l")


def test_the_signature_of_a_thought_is_its_encrypted_content() -> None:
    block = {"type": "thinking", "thinking": "", "signature": "sealed", "index": 0}
    chunks = streamed({"reasoning_content": "hm"}, {"thinking_blocks": [block]}, {"content": "a"})
    item = payloads(written(ChatResponseFrames(ASKED), chunks))[-1]["response"]["output"][0]
    assert (item["summary"][0]["text"], item["encrypted_content"]) == ("hm", "sealed")


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_is_not_whole_is_incomplete(finish: str, reason: str) -> None:
    data = written(ChatResponseFrames(ASKED), streamed({"content": "a"}, finish=finish))
    assert names(data)[-1] == "response.incomplete"
    assert payloads(data)[-1]["response"]["incomplete_details"] == {"reason": reason}


def test_a_stream_that_breaks_off_ends_in_a_failed_response() -> None:
    writer = ChatResponseFrames(ASKED)
    data = written(writer, streamed({"content": "a"}, finish=None), ends=False)
    data += writer.fail(failure_of(e.StreamTruncated("cut")))
    assert names(data)[-2:] == ["error", "response.failed"]
    assert [one["sequence_number"] for one in payloads(data)] == list(range(len(payloads(data))))
    assert isinstance(read([data], dialect=RESPONSES).error, e.APIError)


def test_a_whole_answer_is_a_response() -> None:
    calls = [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "d", "type": "custom", "custom": {"name": "run", "input": "ls"}},
    ]
    thought = [{"type": "thinking", "thinking": "hm", "signature": "sealed"}]
    answer = whole(content="ab", reasoning_content="hm", thinking_blocks=thought, tool_calls=calls)
    response = Response.model_validate_json(chat_response_body(answer, ASKED))
    assert [item.type for item in response.output] == ["reasoning", "message", "function_call", "custom_tool_call"]
    assert len({item.id for item in response.output}) == 4
    assert (response.output_text, response.model, response.status) == ("ab", "alias", "completed")
    assert response.usage is not None
    assert response.usage.total_tokens == 12


def test_the_calls_of_a_stream_have_places_of_their_own() -> None:
    data = written(ChatResponseFrames(ASKED), streamed(*call(0, "f", "{}"), *call(1, "g", "{}"), finish="tool_calls"))
    output = payloads(data)[-1]["response"]["output"]
    assert [(item["call_id"], item["arguments"], item["status"]) for item in output] == [
        ("call_0", "{}", "completed"),
        ("call_1", "{}", "completed"),
    ]
