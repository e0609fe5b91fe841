"""Requests for chat completions in, whole answers out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from aiollm.exceptions import BadRequestError
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.chat import chat_response, parse_chat
from tests.proxy.inbound.answers import ASKED, whole

MESSAGES = [{"role": "user", "content": "hi"}]


def parsed(**members: Any) -> Asked:
    return parse_chat({"model": "m", "messages": MESSAGES, **members})


def test_openais_parameters_are_arguments_as_they_are() -> None:
    asked = parsed(temperature=0.5, tools=[{"type": "function"}], top_k=4, user="u", metadata={"a": "b"})
    assert asked.arguments == {
        "messages": MESSAGES,
        "temperature": 0.5,
        "tools": [{"type": "function"}],
        "top_k": 4,
        "user": "u",
    }
    assert (asked.call, asked.model, asked.stream, asked.user, asked.metadata) == ("chat", "m", False, "u", {"a": "b"})


@pytest.mark.parametrize(
    ("options", "shown"),
    [(None, False), ({}, False), ({"include_usage": False}, False), ({"include_usage": True}, True)],
)
def test_a_stream_always_asks_for_its_usage_and_shows_it_to_who_asked(options: Any, shown: bool) -> None:
    asked = parsed(stream=True, stream_options=options)
    assert asked.arguments["stream"] is True
    assert asked.arguments["stream_options"] == {"include_usage": True}
    assert asked.include_usage is shown


@pytest.mark.parametrize("wrong", [{"messages": "hi"}, {"stream": "yes"}, {"stream_options": 1}, {"metadata": []}])
def test_a_request_that_is_none_is_refused_by_its_member(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as caught:
        parsed(**{"stream": True, **wrong})
    assert caught.value.param == next(iter(wrong))


def test_a_whole_answer_is_one_of_openais() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = chat_response(whole(content=None, tool_calls=[call]), ASKED)
    completion = ChatCompletion.model_validate_json(body, strict=True)
    assert completion.model == "alias"
    assert completion.choices[0].message.tool_calls is not None
    assert completion.usage is not None
    assert json.loads(body)["choices"] == [
        {
            "logprobs": None,
            "finish_reason": "tool_calls",
            "index": 0,
            "message": {"role": "assistant", "content": None, "refusal": None, "tool_calls": [call]},
        }
    ]


def test_what_a_provider_adds_to_an_answer_is_kept() -> None:
    told = json.loads(chat_response(whole(content="a", reasoning_content="b", score=1), ASKED))
    assert told["choices"][0]["message"]["reasoning_content"] == "b"
    assert told["choices"][0]["message"]["score"] == 1
