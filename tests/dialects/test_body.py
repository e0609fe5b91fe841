"""What every dialect does with parameters and messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from aiollm.dialects.body import converted_messages, effort_of, json_request, put_into_form, refusal, stop_list
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
        (KeyError("name"), r"a member is missing, or of another type than it should be \(KeyError: 'name'\)"),
        (TypeError("int"), r"a member is missing, or of another type than it should be \(TypeError: int\)"),
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
    sent = json.loads(json_request({"space_id": "mine"}, request(extra_body={"x": 1}), at).body)
    assert sent == {"project_id": "p", "space_id": "mine", "x": 1}


@pytest.mark.parametrize("given", ["low", {"effort": "low", "summary": "auto"}])
def test_an_effort_may_stand_in_a_dict(given: Any) -> None:
    assert effort_of(given) == "low"


@pytest.mark.parametrize("given", [None, "default", {"effort": "default"}, {"summary": "auto"}])
def test_no_effort_is_the_models_own(given: Any) -> None:
    assert effort_of(given) is None


def test_stop_may_be_one_text_or_several() -> None:
    assert (stop_list("a"), stop_list(("a", "b"))) == (["a"], ["a", "b"])


def test_a_body_that_cannot_be_written_is_a_bad_request() -> None:
    with pytest.raises(
        BadRequestError, match=r"cannot be put into the form that acme takes: .*\(KeyError: 'x'\)"
    ) as caught:
        put_into_form(lambda asked, at: {"x": asked.params["x"]}, request(), endpoint())
    assert (caught.value.llm_provider, caught.value.phase) == ("acme", "request")


def test_what_is_accepted_depends_on_the_way_of_the_answer() -> None:
    streamed = json_request({}, request(stream=True), endpoint(), stream_type="application/x-ndjson")
    whole = json_request({}, request(stream=False), endpoint(), headers={"x-beta": "b"})
    assert streamed.headers["Accept"] == "application/x-ndjson"
    assert (whole.headers["Accept"], whole.headers["x-beta"]) == ("application/json", "b")
