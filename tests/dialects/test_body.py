"""What every dialect does with parameters and messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from aiollm.dialects.body import converted_messages, finished_body, refusal
from aiollm.exceptions import BadRequestError, UnsupportedParamsError
from tests.dialects.reading import MODEL, endpoint, request

TWO = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]


def test_messages_are_converted_one_by_one() -> None:
    assert converted_messages(request(messages=TWO), endpoint(), lambda message: {"r": message["role"]}) == [
        {"r": "system"},
        {"r": "user"},
    ]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (ValueError("no pictures here"), "takes: no pictures here"),
        (KeyError("name"), "a member is of another type than it should be: 'name'"),
        (TypeError("int"), "a member is of another type than it should be: int"),
    ],
)
def test_a_message_that_cannot_be_converted_is_named(fault: Exception, says: str) -> None:
    def convert(message: Mapping[str, Any]) -> dict[str, Any]:
        if message["role"] == "user":
            raise fault
        return dict(message)

    with pytest.raises(BadRequestError, match=says) as caught:
        converted_messages(request(messages=TWO), endpoint(), convert)
    error = caught.value
    assert (error.param, error.llm_provider, error.phase) == ("messages[1]", "acme", "request")


def test_a_refusal_names_what_is_refused_and_the_way_round_it() -> None:
    error = refusal(request(), endpoint(), "tool_choice")
    assert type(error) is UnsupportedParamsError
    assert str(error) == "acme does not take tool_choice (pass drop_params=True to leave it out)"
    assert (error.param, error.model) == ("tool_choice", MODEL)


def test_members_of_the_environment_are_under_the_callers() -> None:
    at = endpoint(members={"project_id": "p", "space_id": "s"})
    sent = json.loads(finished_body({"space_id": "mine"}, request(extra_body={"x": 1}), at))
    assert sent == {"project_id": "p", "space_id": "mine", "x": 1}
