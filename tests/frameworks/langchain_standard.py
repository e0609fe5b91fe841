"""LangChain's own tests of chat models, on `ChatAiollm`.

It runs in an environment of its own (`tests/distribution/test_frameworks.py`), against a scripted provider that plays a
model as far as these tests look at one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from aiollm.integrations.langchain import ChatAiollm
from aiollm.testing import LoggedRequest, ProviderServer, Steps, reply

VALUES = {"integer": 3, "number": 3.0, "string": "a cat?", "boolean": True}


def play(request: LoggedRequest) -> Steps:
    """Answer as a model would: with a call where there are tools and a question, else with a text."""
    asked = request.json
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    tools = [tool["function"] for tool in asked.get("tools", [])]
    wanted = asked.get("tool_choice")
    if isinstance(wanted, dict):
        tools = [tool for tool in tools if tool["name"] == wanted["function"]["name"]]
    if tools and asked["messages"][-1]["role"] == "user":
        return reply(None, tool_calls=[{"name": tools[0]["name"], "arguments": example(tools[0])}], usage=usage)
    shape = asked.get("response_format") or {}
    if "json_schema" in shape:
        return reply(json.dumps(example({"parameters": shape["json_schema"]["schema"]})), usage=usage)
    if shape:
        return reply('{"setup": "a cat?", "punchline": "yes"}', usage=usage)
    return reply("Fine, thanks!", usage=usage)


def example(tool: dict[str, Any]) -> dict[str, Any]:
    properties = tool.get("parameters", {}).get("properties", {})
    known = {**VALUES, "string": "\u4f60\u597d \u3053\u3093"} if "customer_name" in properties else VALUES
    return {name: known.get(what.get("type"), "a cat?") for name, what in properties.items()}


@pytest.fixture(autouse=True)
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ProviderServer() as server:
        server.script(play)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        yield


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[ChatAiollm]:
        return ChatAiollm

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "gpt-4o"}


class TestIntegration(ChatModelIntegrationTests):
    @property
    def chat_model_class(self) -> type[ChatAiollm]:
        return ChatAiollm

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "gpt-4o"}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_image_inputs(self) -> bool:
        return False

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "gpt-4o-mini"
