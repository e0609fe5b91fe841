"""The shapes that a request may have."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm import BadRequestError
from aiollm.jobs.item import Reading, read_request
from aiollm.providers.registry import Api

MESSAGES = [{"role": "user", "content": "hi"}]
DEFAULTS = {"model": "openai/gpt-4o", "temperature": 0}


@pytest.mark.parametrize(
    ("given", "key", "said"),
    [
        ("hi", None, {"messages": MESSAGES}),
        (MESSAGES, None, {"messages": MESSAGES}),
        (tuple(MESSAGES), None, {"messages": MESSAGES}),
        ({"messages": MESSAGES, "temperature": 1}, None, {"messages": MESSAGES, "temperature": 1}),
        ({"prompt": "hi", "custom_id": 7}, "7", {"messages": MESSAGES}),
        ({"prompt": "hi", "model": "groq/x"}, None, {"messages": MESSAGES, "model": "groq/x"}),
        (
            {
                "custom_id": "a",
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": {"messages": MESSAGES, "model": "m"},
            },
            "a",
            {"messages": MESSAGES, "model": "m"},
        ),
    ],
)
def test_a_request_is_read(given: Any, key: str | None, said: dict[str, Any]) -> None:
    assert read_request(given, DEFAULTS) == Reading(key, "chat", DEFAULTS | said)


@pytest.mark.parametrize(("url", "api"), [("/v1/embeddings", "embeddings"), ("/v1/responses", "responses")])
def test_a_line_of_a_batch_file_may_ask_for_something_else(url: str, api: Api) -> None:
    line = {"custom_id": "a", "method": "POST", "url": url, "body": {"input": "hi"}}
    assert read_request(line, DEFAULTS) == Reading("a", api, DEFAULTS | {"input": "hi"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "of type int"),
        ({"text": "hi"}, "a dict with 'text'"),
        ({}, "nothing in it"),
        ({"body": {"input": "hi"}, "url": "/v1/moderations"}, "got '/v1/moderations'"),
        ({"body": {"messages": MESSAGES}, "url": "/v1/embeddings"}, "its body has no input"),
        ({"body": "hi"}, "its body a request"),
    ],
)
def test_what_is_no_request_is_an_error_that_says_what_one_is(given: Any, message: str) -> None:
    with pytest.raises(BadRequestError, match=message):
        read_request(given, DEFAULTS)


def test_a_request_without_a_model_is_an_error() -> None:
    with pytest.raises(BadRequestError, match="names no model"):
        read_request("hi", {"model": None})


def test_an_error_in_the_place_of_a_request_is_raised() -> None:
    with pytest.raises(BadRequestError, match="line 3"):
        read_request(BadRequestError("line 3"), DEFAULTS)
