"""OpenAI's chat completions: requests, whole replies, and errors in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.openai import OpenAI
from aiollm.dialects.table import dialect_of
from aiollm.exceptions import (
    APIResponseValidationError,
    BadGatewayError,
    BadRequestError,
    ContentPolicyViolationError,
    InternalServerError,
    UnsupportedParamsError,
)
from aiollm.providers.quirks import BODY_QUIRKS
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.secret import Secret
from aiollm.wire.http import HttpRequest
from aiollm.wire.sse import SSEFramer
from tests.dialects.reading import MODEL, NOW, context, decode, endpoint, request

SAMPLE: dict[str, Any] = {
    **{name: {"any": ["value", 1, None]} for name in OPENAI_PARAMS - {"stream_options"}},
    "logit_bias": {50256: -100},
    "max_tokens": 5,
    "n": 2,
    "stop": ["a", "é"],
    "temperature": 0,
}

TOOL = {"type": "function", "function": {"name": "f"}}


def encoded(at: dict[str, Any] | None = None, **asked: Any) -> HttpRequest:
    return OpenAI().encode(request(known=OPENAI_PARAMS, **asked), endpoint(**(at or {})))


def body(at: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
    sent = json.loads(encoded(at, **asked).body)
    assert isinstance(sent, dict)
    return sent


def test_it_is_in_the_table() -> None:
    assert isinstance(dialect_of("openai"), OpenAI)
    assert isinstance(OpenAI().framer(), SSEFramer)


def test_a_streaming_request() -> None:
    sent = encoded(at={"headers": {"X-Title": "t"}})
    assert sent.url == endpoint().url
    assert sent.headers == {"Content-Type": "application/json", "Accept": "text/event-stream", "X-Title": "t"}
    assert json.loads(sent.body) == {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": True}


def test_a_request_for_a_whole_reply_says_nothing_of_streams() -> None:
    sent = encoded(at={"asks_usage": True}, stream=False, params={"stream_options": {"include_usage": True}})
    assert sent.headers["Accept"] == "application/json"
    assert not {"stream", "stream_options"} & json.loads(sent.body).keys()


@pytest.mark.parametrize("name", sorted(SAMPLE))
def test_every_parameter_is_sent_as_it_was_given(name: str) -> None:
    assert body(params={name: SAMPLE[name]})[name] == json.loads(json.dumps(SAMPLE[name]))


def test_a_parameter_nobody_knows_is_sent() -> None:
    assert body(params={"top_k": 5})["top_k"] == 5


def test_a_parameter_goes_under_the_providers_name() -> None:
    assert body(at={"renames": {"max_tokens": "max_completion_tokens"}}, params={"max_tokens": 5}) == {
        **body(),
        "max_completion_tokens": 5,
    }


def test_a_parameter_the_provider_does_not_take_is_refused() -> None:
    with pytest.raises(UnsupportedParamsError, match="acme does not take logprobs, seed") as caught:
        encoded(
            at={"unsupported": frozenset({"seed", "logprobs", "stop"})}, params={"seed": 1, "logprobs": True, "n": 2}
        )
    error = caught.value
    assert (error.param, error.model, error.llm_provider, error.phase) == ("seed", MODEL, "acme", "request")
    assert "drop_params=True" in (error.hint or "")


@pytest.mark.parametrize(
    ("asked", "is_sent"),
    [
        ({"drop_params": True}, False),
        ({"additional_drop_params": ("seed",)}, False),
        ({"allowed_openai_params": frozenset({"seed"})}, True),
        ({"known": frozenset()}, True),
    ],
)
def test_how_a_parameter_the_provider_does_not_take_is_let_through(asked: dict[str, Any], is_sent: bool) -> None:
    at = endpoint(unsupported=frozenset({"seed"}), renames={"seed": "random_seed"})
    sent = json.loads(OpenAI().encode(request(**{"known": OPENAI_PARAMS, "params": {"seed": 1}, **asked}), at).body)
    assert ("random_seed" in sent) == is_sent
    assert "seed" not in sent


def test_one_answer_is_asked_for_by_leaving_n_out() -> None:
    at = {"unsupported": frozenset({"n", "seed"})}
    assert "n" not in body(at=at, params={"n": 1})
    with pytest.raises(UnsupportedParamsError, match=r"does not take n\b"):
        encoded(at=at, params={"n": 2})
    with pytest.raises(UnsupportedParamsError) as caught:
        encoded(at=at, params={"n": 1, "seed": 5})
    assert (caught.value.param, caught.value.message) == ("seed", "acme does not take seed")


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (
            "seed",
            {
                "tools": [{"f": {"name": "a", "strict": True}}, {"f": {"name": "b", "strict": False}}],
                "o": {"a": {"b": 1}},
            },
        ),
        ("tools.f.strict", {"tools": [{"f": {"name": "a"}}, {"f": {"name": "b"}}], "o": {"a": {"b": 1}}, "seed": 1}),
        (
            "o.a.b",
            {
                "tools": [{"f": {"name": "a", "strict": True}}, {"f": {"name": "b", "strict": False}}],
                "o": {"a": {}},
                "seed": 1,
            },
        ),
        (
            "o.nothing.b",
            {
                "tools": [{"f": {"name": "a", "strict": True}}, {"f": {"name": "b", "strict": False}}],
                "o": {"a": {"b": 1}},
                "seed": 1,
            },
        ),
        (
            "seed.x",
            {
                "tools": [{"f": {"name": "a", "strict": True}}, {"f": {"name": "b", "strict": False}}],
                "o": {"a": {"b": 1}},
                "seed": 1,
            },
        ),
    ],
)
def test_members_are_dropped_by_path_and_the_callers_objects_stay_whole(path: str, left: dict[str, Any]) -> None:
    params = {
        "tools": [{"f": {"name": "a", "strict": True}}, {"f": {"name": "b", "strict": False}}],
        "o": {"a": {"b": 1}},
        "seed": 1,
    }
    before = json.dumps(params)
    assert body(params=params, additional_drop_params=(path,)) == {**body(), **left}
    assert json.dumps(params) == before


def test_a_path_reaches_into_messages_without_changing_them() -> None:
    messages = [{"role": "user", "content": "x", "name": "n"}]
    assert body(messages=messages, additional_drop_params=("messages.name",))["messages"] == [
        {"role": "user", "content": "x"}
    ]
    assert messages == [{"role": "user", "content": "x", "name": "n"}]


def test_the_callers_own_body_members_win() -> None:
    sent = body(
        params={"seed": 1, "top_k": 1}, extra_body={"seed": 2, "model": "other"}, additional_drop_params=("seed",)
    )
    assert (sent["seed"], sent["model"], sent["top_k"]) == (2, "other", 1)


def test_quirks_see_the_whole_body_one_after_the_other() -> None:
    def first(sent: dict[str, Any]) -> dict[str, Any]:
        return {**sent, "trail": [*sent["trail"], "first"]}

    def second(sent: dict[str, Any]) -> dict[str, Any]:
        return {**sent, "trail": [*sent["trail"], "second"]}

    assert body(at={"quirks": (first, second)}, extra_body={"trail": []})["trail"] == ["first", "second"]


@pytest.mark.parametrize(
    ("at", "options", "sent"),
    [
        ({}, None, None),
        ({}, {"include_usage": True}, {"include_usage": True}),
        ({"asks_usage": True}, None, {"include_usage": True}),
        ({"asks_usage": True}, {"include_usage": False}, {"include_usage": False}),
        ({"asks_usage": True}, {"include_obfuscation": False}, {"include_obfuscation": False, "include_usage": True}),
        ({"asks_usage": True, "takes_stream_options": False}, {"include_usage": True}, None),
    ],
)
def test_when_usage_is_asked_for(
    at: dict[str, Any], options: dict[str, Any] | None, sent: dict[str, Any] | None
) -> None:
    assert body(at=at, params={} if options is None else {"stream_options": options}).get("stream_options") == sent


def test_a_secret_cannot_get_into_a_body() -> None:
    with pytest.raises(TypeError) as caught:
        encoded(extra_body={"key": Secret("sk-canary-1")})
    assert "canary" not in str(caught.value)


def test_text_is_sent_as_utf_8() -> None:
    assert "é\u2028".encode() in encoded(messages=[{"role": "user", "content": "é\u2028"}]).body


CHOICE = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}


def whole(*choices: dict[str, Any], **members: Any) -> bytes:
    return json.dumps(
        {"id": "c", "created": 7, "model": "served", "choices": [*choices] or [CHOICE], **members}
    ).encode()


def test_a_whole_reply() -> None:
    response = decode(
        whole(
            usage={"prompt_tokens": 1, "completion_tokens": 2}, system_fingerprint="f", service_tier="t", provider="P"
        )
    )
    assert (response.id, response.created, response.system_fingerprint, response.service_tier) == ("c", 7, "f", "t")
    assert (response.choices[0].message.content, response.choices[0].finish_reason) == ("Hi", "stop")
    assert (response.provider, response.usage.total_tokens) == ("P", 3)


def test_what_a_whole_reply_lacks_is_filled_in() -> None:
    response = decode(b'{"choices":[{"text":"Hi"}]}')
    assert (response.id, response.created, response.model, response.usage) == ("chatcmpl-id1", NOW, MODEL, None)
    assert (response.choices[0].message.content, response.choices[0].finish_reason, response.choices[0].index) == (
        "Hi",
        "stop",
        0,
    )


def test_choices_without_an_index_are_numbered() -> None:
    assert [
        choice.index for choice in decode(whole({"message": {}}, {"message": {}}, {"message": {}, "index": 9})).choices
    ] == [0, 1, 9]


def test_tool_calls_of_a_whole_reply() -> None:
    calls = [
        {"id": "", "function": {"name": "f", "arguments": {"a": 1}}},
        {"id": "b", "type": "function", "index": 1, "function": {"name": "g", "arguments": "{}"}},
    ]
    choice = decode(whole({"message": {"content": None, "tool_calls": calls}, "finish_reason": "stop"})).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.native_finish_reason == "stop"
    assert [call.model_dump() for call in choice.message.tool_calls] == [
        {"id": "call_id1", "function": {"arguments": '{"a":1}', "name": "f"}, "type": "function"},
        {"id": "b", "function": {"arguments": "{}", "name": "g"}, "type": "function"},
    ]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "reasoning_text"])
def test_reasoning_has_three_names(name: str) -> None:
    assert decode(whole({"message": {"content": "a", name: "b"}})).choices[0].message.reasoning_content == "b"


def test_content_in_parts_is_joined() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "b"}]},
        {"type": "text", "text": "a"},
        "c",
        {"type": "reference", "reference_ids": [1]},
    ]
    message = decode(whole({"message": {"content": parts}})).choices[0].message
    assert (message.content, message.reasoning_content) == ("ac", "b")


def test_fields_of_a_provider_survive_in_a_whole_reply() -> None:
    choice = decode(
        whole({**CHOICE, "message": {"content": "x", "odd": None, "more": 1}, "content_filter_results": {"a": 1}})
    ).choices[0]
    assert (choice.content_filter_results, choice.message.odd, choice.message.more) == ({"a": 1}, None, 1)


def test_broken_characters_and_numbers_do_not_cost_the_answer() -> None:
    response = decode(whole().replace(b"Hi", b"H\xff\\ud83d").replace(b"7", b'7.0, "odd": NaN'))
    assert response.choices[0].message.content == "H\ufffd\ufffd"


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (b"<html>", APIResponseValidationError, "not JSON .* begins '<html>'"),
        (b"", APIResponseValidationError, "not JSON"),
        (b"[" * 100_000, APIResponseValidationError, "not JSON"),
        (b'{"id":"x"}', APIResponseValidationError, "without `choices`; the body begins"),
        (b'{"choices":[]}', APIResponseValidationError, "without `choices`"),
        (b'{"choices":[5]}', APIResponseValidationError, "another type"),
        (b'{"choices":5}', APIResponseValidationError, "another type"),
        (b'{"choices":[{"message":"x"}]}', APIResponseValidationError, "another type"),
        (b'{"error":{"code":502,"message":"down"}}', BadGatewayError, "down"),
        (b'{"object":"error","message":"down","code":502}', BadGatewayError, "down"),
        (b'{"error":{"code":"content_filter","message":"no"}}', ContentPolicyViolationError, "no"),
        (b'"down"', InternalServerError, "down"),
        (
            b'{"choices":[{"message":{},"finish_reason":"error"}]}',
            InternalServerError,
            "broke off the answer with finish reason 'error'",
        ),
        (
            b'{"choices":[{"message":{},"finish_reason":"error","error":{"code":502,"message":"down"}}]}',
            BadGatewayError,
            "down",
        ),
    ],
)
def test_a_whole_reply_that_is_none(reply: bytes, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        decode(reply)
    assert type(caught.value) is kind
    assert caught.value.llm_provider == "acme"  # type: ignore[attr-defined]


@pytest.mark.parametrize("include_usage", [True, False])
def test_a_whole_reply_as_chunks(include_usage: bool) -> None:
    wanted = request(include_usage=include_usage)
    surroundings = context(wanted)
    response = OpenAI().decode(whole(usage={"prompt_tokens": 1}, citations=["x"]), wanted, surroundings)
    chunks = list(OpenAI().split(response, surroundings, wanted))
    assert [len(chunk.choices) for chunk in chunks] == [1, 1, 0][: 2 + include_usage]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hi"
    assert chunks[0].citations == ["x"]
    assert [chunk.usage for chunk in chunks[:2]] == [None, None]
    assert not include_usage or chunks[-1].usage == response.usage


def test_a_call_of_a_custom_tool_may_go_back_as_it_is() -> None:
    call = {"id": "a", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    response = decode(whole({"message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"}))
    assert response.choices[0].message.model_dump(exclude_none=True)["tool_calls"] == [call]


@pytest.mark.parametrize(
    ("quirk", "params", "name"),
    [
        ("schema_in_words", {"response_format": {"type": "json_schema", "json_schema": None}}, "response_format"),
        ("tools_as_functions", {"tools": ["search"], "seed": 1}, "tools"),
        ("tools_as_functions", {"tools": [{"type": "function"}]}, "tools"),
        ("tools_as_functions", {"tools": [TOOL], "tool_choice": {"function": "f"}}, "tool_choice"),
        ("tools_as_functions", {"messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]}, "messages"),
    ],
)
def test_a_parameter_that_a_quirk_cannot_read_is_named(quirk: str, params: dict[str, Any], name: str) -> None:
    asked = {"messages": params.pop("messages", [{"role": "user", "content": "hi"}]), "params": params}
    with pytest.raises(BadRequestError, match=name) as caught:
        encoded({"quirks": (BODY_QUIRKS[quirk],)}, **asked)
    assert (caught.value.param, caught.value.llm_provider) == (name, "acme")


@pytest.mark.parametrize("native", ["error", "ERROR"])
def test_a_whole_reply_that_was_broken_off(native: str) -> None:
    with pytest.raises(InternalServerError, match=native):
        decode(whole({"message": {"content": "a"}, "finish_reason": native}))


@pytest.mark.parametrize("created", ["1e400", "-1e400", "NaN", "1e300", "null", '"soon"'])
def test_a_time_that_is_none_is_made(created: str) -> None:
    body = whole({"message": {"content": "a"}}, created=0).replace(b'"created": 0', f'"created": {created}'.encode())
    assert decode(body).created == NOW
