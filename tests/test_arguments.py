"""Bad input is named before anything is sent: the parameter, the value's shape, what to do; never a secret."""

from __future__ import annotations

import traceback
from typing import Any

import pydantic
import pytest

from aiollm.arguments import (
    checked_headers,
    checked_key,
    checked_messages,
    checked_names,
    checked_parameters,
    checked_timeouts,
)
from aiollm.exceptions import APIError, BadRequestError
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.response import Message
from aiollm.types.secret import Secret
from aiollm.types.timeouts import Timeouts

CANARY = "sk-canary-0123456789"


class Answer(pydantic.BaseModel):
    city: str


def refused(call: Any, *arguments: Any, **named: Any) -> BadRequestError:
    with pytest.raises(BadRequestError) as caught:
        call(*arguments, **named)
    error = caught.value
    assert (error.status_code, error.phase) == (400, "request")
    assert len(str(error)) < 300
    return error


@pytest.mark.parametrize(
    ("messages", "param", "words"),
    [
        ([], "messages", "messages is empty: a chat needs at least one message"),
        ((), "messages", "messages is empty"),
        (None, "messages", "messages must be a list of messages; got None"),
        ("Hello", "messages", "messages must be a list of messages; got 'Hello'"),
        (b"Hello", "messages", "got a bytes of length 5"),
        ({"role": "user", "content": "x"}, "messages", "got a dict with 2 members"),
        (5, "messages", "got 5"),
        (["Hello"], "messages[0]", "messages[0] must be a dict with role and content; got 'Hello'"),
        ([{"role": "user", "content": "x"}, 7], "messages[1]", "messages[1] must be a dict"),
        ([Message], "messages[0]", "messages[0] must be a dict"),
        ([{"content": "x"}], "messages[0].role", "messages[0]['role'] must be one of system, developer, user"),
        ([{"role": "usr", "content": "x"}], "messages[0].role", "got 'usr' (did you mean 'user'?)"),
        ([{"role": ["user"], "content": "x"}], "messages[0].role", "got a list of length 1"),
        ([{"role": None, "content": "x"}], "messages[0].role", "got None"),
        ([{"role": "user", "content": 5}], "messages[0]['content']", "must be text, a list of parts, or None; got 5"),
        ([{"role": "user", "content": {"type": "text"}}], "messages[0]['content']", "got a dict with 1 members"),
    ],
)
def test_messages_that_are_none(messages: Any, param: str, words: str) -> None:
    error = refused(checked_messages, messages)
    assert error.param == param
    assert words in str(error)


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant", "tool", "function"])
@pytest.mark.parametrize("content", [None, "", "x", [{"type": "text", "text": "x"}]])
def test_messages_that_are_fine(role: str, content: Any) -> None:
    messages = [{"role": role, "content": content, "name": "n"}]
    assert checked_messages(messages) == messages
    assert checked_messages(iter(messages)) == messages


def test_an_answer_goes_back_as_it_is() -> None:
    message = Message(content=None, tool_calls=[{"id": "a", "function": {"name": "f", "arguments": "{}"}}])
    assert checked_messages([message]) == [message.model_dump(exclude_none=True)]


def test_a_pydantic_message_is_dumped() -> None:
    class Said(pydantic.BaseModel):
        role: str = "user"
        content: str = "x"
        name: str | None = None

    assert checked_messages([Said()]) == [{"role": "user", "content": "x"}]


def test_a_long_text_is_never_quoted() -> None:
    error = refused(checked_messages, [f"my password is {CANARY}"])
    assert "canary" not in str(error)
    assert "text of 35 characters" in str(error)


BAD: list[tuple[str, Any, str]] = [
    ("temperature", float("nan"), "temperature must be a finite number from 0; got nan"),
    ("temperature", float("inf"), "got inf"),
    ("temperature", -1, "got -1"),
    ("temperature", "0.5", "got text of 3 characters"),
    ("temperature", True, "got True"),
    ("top_p", 1.5, "top_p must be a number from 0 to 1; got 1.5"),
    ("top_p", float("nan"), "got nan"),
    ("presence_penalty", "x", "presence_penalty must be a finite number"),
    ("frequency_penalty", float("-inf"), "got -inf"),
    ("n", 0, "n must be a whole number from 1; got 0"),
    ("n", 1.0, "got 1.0"),
    ("n", True, "got True"),
    ("max_tokens", -5, "max_tokens must be a whole number from 1"),
    ("max_completion_tokens", "many", "max_completion_tokens must be"),
    ("seed", 1.5, "seed must be a whole number"),
    ("logprobs", 1, "logprobs must be True or False; got 1"),
    ("top_logprobs", -1, "top_logprobs must be a whole number from 0"),
    ("parallel_tool_calls", "yes", "parallel_tool_calls must be True or False; got 'yes'"),
    ("stop", 5, "stop must be text or a list of texts; got 5"),
    ("stop", ["a", 5], "got a list of length 2"),
    ("logit_bias", [1], "logit_bias must be a dict"),
    ("tools", {"type": "function"}, "tools must be a list of tools; got a dict with 1 members"),
    ("tools", ["f"], "tools must be a list of tools; got a list of length 1"),
    ("functions", "f", "functions must be a list of functions"),
    ("tool_choice", 5, "tool_choice must be text or a dict"),
    ("response_format", "json", "response_format must be a dict or a class with a JSON schema; got 'json'"),
    ("response_format", Answer(city="x"), "response_format must be a dict or a class"),
    ("response_format", dict, "response_format must be"),
    ("stream_options", True, "stream_options must be a dict; got True"),
    ("modalities", "text", "modalities must be a list of names"),
    ("audio", "x", "audio must be a dict"),
    ("prediction", [], "prediction must be a dict"),
    ("web_search_options", "on", "web_search_options must be a dict"),
    ("reasoning_effort", 5, "reasoning_effort must be text or a dict"),
    ("service_tier", 5, "service_tier must be text"),
    ("verbosity", ["low"], "verbosity must be text"),
    ("user", 5, "user must be text"),
]


@pytest.mark.parametrize(("name", "value", "words"), BAD)
def test_a_parameter_no_provider_could_take(name: str, value: Any, words: str) -> None:
    error = refused(checked_parameters, {name: value})
    assert error.param == name
    assert words in str(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0),
        ("temperature", 1.7),
        ("top_p", 1),
        ("n", 3),
        ("seed", -(2**63)),
        ("stop", "x"),
        ("stop", ["a"]),
        ("stop", ("a", "b")),
        ("logprobs", False),
        ("top_logprobs", 0),
        ("logit_bias", {50256: -100}),
        ("tool_choice", "auto"),
        ("tool_choice", {"type": "function"}),
        ("reasoning_effort", {"effort": "low"}),
        ("response_format", {"type": "json_object"}),
        ("presence_penalty", -2),
    ],
)
def test_a_parameter_that_is_fine_is_left_alone(name: str, value: Any) -> None:
    assert checked_parameters({name: value, "user": None}) == {name: value}


def test_parameters_that_are_not_openais_are_for_others_to_read() -> None:
    assert checked_parameters({"top_k": 5, "api_base": "http://h", "n": 2}) == {"n": 2}


def test_a_class_becomes_its_schema() -> None:
    closed = {"additionalProperties": False}
    assert checked_parameters({"response_format": Answer})["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "Answer", "schema": {**Answer.model_json_schema(), **closed}, "strict": True},
    }


def test_tools_may_be_objects() -> None:
    class Tool(pydantic.BaseModel):
        type: str = "function"
        description: str | None = None

    assert checked_parameters({"tools": [Tool(), {"type": "x"}]})["tools"] == [{"type": "function"}, {"type": "x"}]


def test_every_rule_is_for_a_parameter_of_openai() -> None:
    assert {name for name, _, _ in BAD} <= OPENAI_PARAMS


@pytest.mark.parametrize("value", [0, -1, 0.0, float("nan"), float("inf"), "5", True, [5]])
@pytest.mark.parametrize("name", ["timeout", "stream_timeout"])
def test_a_timeout_is_a_number_above_zero(name: str, value: Any) -> None:
    given: dict[str, Any] = {"timeout": None, "stream_timeout": None, name: value}
    error = refused(checked_timeouts, given["timeout"], given["stream_timeout"], stream=True)
    assert error.param == name
    assert f"{name} must be a number of seconds above 0" in str(error)


def test_a_number_of_any_length_is_refused_in_few_words() -> None:
    assert "got a whole number of 16610 bits" in str(refused(checked_parameters, {"temperature": 10**5000}))


def test_timeouts_that_are_fine() -> None:
    clocks = Timeouts(idle=3)
    assert checked_timeouts(clocks, None, stream=True) is clocks
    assert checked_timeouts(5, 2.5, stream=True) == Timeouts(connect=5, first_token=2.5, idle=2.5)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (CANARY[:9] + "\n" + CANARY[9:], "api_key has a control character (U+000A) at position 9"),
        (CANARY + "é", "api_key has a character outside ASCII"),
        ("", "api_key is empty"),
        (CANARY.encode(), "api_key must be a string, not bytes"),
        (5, "api_key must be a string, not int"),
    ],
)
def test_a_key_that_cannot_be_sent_is_never_shown(key: Any, words: str) -> None:
    error = refused(checked_key, key)
    assert error.param == "api_key"
    assert words in str(error)
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    inside = [
        str(frame.locals) for frame in trace.stack if "/aiollm/" in frame.filename and "/tests/" not in frame.filename
    ]
    assert inside
    assert "canary" not in str(error) + repr(error) + "".join(inside)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_a_key_that_is_fine_is_a_secret() -> None:
    assert checked_key(None) is None
    assert checked_key(CANARY + "\n") == Secret(CANARY)
    secret = Secret(CANARY)
    assert checked_key(secret) is secret


@pytest.mark.parametrize(
    ("headers", "param"),
    [
        ("X: 1", "extra_headers"),
        ([("X", "1")], "extra_headers"),
        ({"X Y": "1"}, "extra_headers"),
        ({5: "1"}, "extra_headers"),
        ({"X": f"{CANARY}\r\nHost: evil"}, "extra_headers['X']"),
        ({"X": 5}, "extra_headers['X']"),
        ({"X": None}, "extra_headers['X']"),
    ],
)
def test_headers_that_cannot_be_sent(headers: Any, param: str) -> None:
    error = refused(checked_headers, headers)
    assert error.param == param
    assert "canary" not in str(error)


def test_headers_that_are_fine() -> None:
    assert checked_headers(None) == {}
    assert checked_headers({"X-A": "é\tb"}) == {"X-A": "é\tb"}


@pytest.mark.parametrize("names", ["seed", {"seed": 1}, 5, ["seed", 5]])
def test_names_are_a_list(names: Any) -> None:
    assert refused(checked_names, "additional_drop_params", names).param == "additional_drop_params"


def test_names_that_are_fine() -> None:
    assert checked_names("x", ["a", "b"]) == ("a", "b")


def test_all_of_these_are_caught_as_api_errors() -> None:
    with pytest.raises(APIError):
        checked_messages([])
