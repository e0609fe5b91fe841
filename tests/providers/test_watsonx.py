"""Requests to watsonx.ai: names, paths, and whose model it is."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.providers import resolve
from aiollm.providers.watsonx import watsonx_body

BASE = "https://us-south.ml.cloud.ibm.com"
USER = {"role": "user", "content": "hi"}


def body(model: str = "ibm/granite", **members: Any) -> dict[str, Any]:
    return watsonx_body({"model": model, "messages": [USER], "stream": True, **members})


def test_the_model_and_the_stream_have_names_and_places_of_their_own() -> None:
    assert body(temperature=0) == {"model_id": "ibm/granite", "messages": [USER], "temperature": 0}
    endpoint = resolve("watsonx/ibm/granite", base_url=BASE, environ={}).endpoint
    assert endpoint.url_for(stream=False) == f"{BASE}/ml/v1/text/chat?version=2024-03-13"
    assert endpoint.url_for(stream=True) == f"{BASE}/ml/v1/text/chat_stream?version=2024-03-13"


def test_a_deployment_has_its_model_and_its_project() -> None:
    assert body("deployment/d1", project_id="p") == {"messages": [USER]}
    endpoint = resolve("watsonx/deployment/d1", base_url=BASE, environ={}).endpoint
    assert endpoint.url_for(stream=True) == f"{BASE}/ml/v1/deployments/d1/text/chat_stream?version=2024-03-13"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"project_id": "p"}, {"project_id": "p"}),
        ({"space_id": "s"}, {"space_id": "s"}),
        ({"space_id": "s", "project_id": "p"}, {"project_id": "p"}),
        ({}, {}),
    ],
)
def test_a_project_comes_before_a_space(given: dict[str, str], sent: dict[str, str]) -> None:
    found = {name: value for name, value in body(**given).items() if name in ("project_id", "space_id")}
    assert found == sent


def test_the_environment_names_the_project() -> None:
    environ = {"WX_PROJECT_ID": " p ", "PROJECT_ID": "generic", "SPACE_ID": "s"}
    members = resolve("watsonx/m", base_url=BASE, environ=environ).endpoint.members
    assert members == {"project_id": "p", "space_id": "s"}


@pytest.mark.parametrize("word", ["auto", "required", "none"])
def test_a_choice_of_tools_in_a_word_is_an_option(word: str) -> None:
    assert body(tool_choice=word)["tool_choice_option"] == word
    assert "tool_choice" not in body(tool_choice=word)


def test_a_named_tool_is_a_choice() -> None:
    named = {"type": "function", "function": {"name": "f"}}
    assert body(tool_choice=named)["tool_choice"] == named


def test_schemas_of_tools_are_not_strict() -> None:
    schema = {"type": "object", "additionalProperties": False, "anyOf": [{"additionalProperties": False}]}
    tool = {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}
    assert body(tools=[tool])["tools"] == [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "anyOf": [{}]}}}
    ]
