"""A caller never says where a call goes, with whose key, or by what way."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from aiollm import acompletion, aembedding
from aiollm.exceptions import BadRequestError
from aiollm.providers.identity import IDENTITY_OPTIONS
from aiollm.proxy.inbound.allowed import PROVIDER_PARAMETERS
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.chat import parse_chat
from aiollm.proxy.inbound.completions import parse_completion
from aiollm.proxy.inbound.embeddings import parse_embedding
from aiollm.proxy.inbound.messages import parse_message
from aiollm.proxy.inbound.responses import RESPONSE_PARAMS, parse_response
from aiollm.proxy.inbound.responses_chat import parse_response_as_chat
from aiollm.responding import ResponsesOptions
from aiollm.types.parameters import EMBEDDING_PARAMS, OPENAI_PARAMS

MESSAGES = [{"role": "user", "content": "hi"}]
Parse = Callable[[dict[str, Any]], Asked]

FORMATS: list[tuple[Parse, dict[str, Any]]] = [
    (parse_chat, {"messages": MESSAGES}),
    (parse_completion, {"prompt": "hi"}),
    (parse_embedding, {"input": "hi"}),
    (lambda body: parse_message(body, keeps_own=True), {"messages": MESSAGES, "max_tokens": 9}),
    (lambda body: parse_message(body, keeps_own=False), {"messages": MESSAGES, "max_tokens": 9}),
    (parse_response, {"input": "hi"}),
    (parse_response_as_chat, {"input": "hi"}),
]
OURS = {*inspect.signature(acompletion).parameters, *inspect.signature(aembedding).parameters}
OPTIONS = sorted(
    (OURS | IDENTITY_OPTIONS | set(ResponsesOptions.__annotations__))
    - OPENAI_PARAMS
    - EMBEDDING_PARAMS
    - RESPONSE_PARAMS
)
SENT = {"messages", "input", "stream", "stream_options", "metadata", "extra_body"}
STEERING = (
    *("api_base", "base_url", "api_key", "api_version", "azure_ad_token", "organization", "custom_llm_provider"),
    *("extra_headers", "headers", "extra_body", "extra_query", "proxy", "user_config", "model_list", "litellm_params"),
    *(
        "aws_region_name",
        "aws_bedrock_runtime_endpoint",
        "vertex_location",
        "azure_scope",
        "callbacks",
        "mock_response",
    ),
    *("deployment_id", "router_settings", "models", "route"),
)
IGNORED = (
    "fallbacks",
    "num_retries",
    "tags",
    "litellm_metadata",
    "litellm_call_id",
    "guardrails",
    "cache",
    "drop_params",
)

every = pytest.mark.parametrize(
    ("parse", "body"), FORMATS, ids=["chat", "text", "embed", "own", "claude", "resp", "via"]
)


@every
@pytest.mark.parametrize("name", STEERING)
def test_what_only_the_operator_may_say_is_refused(parse: Parse, body: dict[str, Any], name: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse({"model": "m", **body, name: "http://127.0.0.1:9"})
    assert (caught.value.param, caught.value.code) == (name, "parameter_not_allowed")


@every
def test_no_option_of_the_library_is_ever_set_by_a_caller(parse: Parse, body: dict[str, Any]) -> None:
    for name in OPTIONS:
        if name in body:
            continue
        try:
            asked = parse({"model": "m", **body, name: {"api_base": "x", "user_id": "u", "tags": ["paid"]}})
        except BadRequestError:
            continue
        assert name not in asked.arguments.keys() - SENT, name


@every
def test_an_unknown_member_is_sent_upstream_and_means_nothing_here(parse: Parse, body: dict[str, Any]) -> None:
    later = {"api_base": "http://127.0.0.1:9"}
    arguments = parse({"model": "m", **body, "option_of_a_later_version": later}).arguments
    assert arguments["extra_body"] == {"option_of_a_later_version": later}


@every
def test_litellms_ways_to_steer_a_proxy_have_no_effect(parse: Parse, body: dict[str, Any]) -> None:
    plain = parse({"model": "m", **body})
    assert parse({"model": "m", **body, **{key: ["x"] for key in IGNORED}}).arguments == plain.arguments


@every
def test_null_members_are_left_out(parse: Parse, body: dict[str, Any]) -> None:
    given = {"temperature": None, "api_base": None, "thinking": None, "metadata": None, "stream": None}
    assert parse({"model": "m", **body, **given}).arguments == parse({"model": "m", **body}).arguments


@every
def test_notes_never_route(parse: Parse, body: dict[str, Any]) -> None:
    notes = {"tags": ["paid"], "model_info": {"id": "x"}, "user_api_key": "sk-x"}
    arguments = parse({"model": "m", **body, "metadata": notes}).arguments
    # The Responses API has a member of this name; it goes upstream as it is.
    assert parse is parse_response or "metadata" not in arguments


@every
def test_the_wait_a_caller_wants_is_told_and_not_set(parse: Parse, body: dict[str, Any]) -> None:
    asked = parse({"model": "m", **body, "timeout": 5})
    assert asked.timeout == 5.0
    assert "timeout" not in asked.arguments
    for wrong in (0, -1, True, "5", 1e999):
        with pytest.raises(BadRequestError, match="timeout must be a number of seconds above 0"):
            parse({"model": "m", **body, "timeout": wrong})


@every
def test_a_repr_shows_no_word_of_the_prompt(parse: Parse, body: dict[str, Any]) -> None:
    assert "hi" not in repr(parse({"model": "m", **body}))


def test_parameters_of_providers_are_no_options_of_ours() -> None:
    assert not PROVIDER_PARAMETERS & (OURS | IDENTITY_OPTIONS)
