"""A `config.yaml` with the keys that LiteLLM documents: what matters works, and the rest is named with its line."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiollm.testing import ProviderServer, status
from tests.cli.conftest import DEADLINE, Output

DOCUMENTED = Path(__file__).with_name("documented.yaml")
INCLUDED = "model_list: [{{model_name: included, litellm_params: {{model: hosted_vllm/m, api_base: {}}}}}]\n"
VARIABLES = {"OPENAI_KEY": "sk-operators", "LITELLM_MASTER_KEY": "sk-master"}
NO_EFFECT = {
    "model_list[0].litellm_params.max_budget",
    "model_list[0].litellm_params.budget_duration",
    "model_list[0].litellm_params.keepalive_seconds",
    "litellm_settings.callbacks",
    "litellm_settings.success_callback",
    "general_settings.store_model_in_db",
    "general_settings.alerting",
    "general_settings.pass_through_endpoints",
    "guardrails",
    "mcp_servers",
    "vector_store_registry",
    "prompts",
}


@pytest.fixture
def proxy(
    start: Callable[..., subprocess.Popen[bytes]], server: ProviderServer, tmp_path: Path
) -> tuple[str, list[tuple[int, str]]]:
    """Return the address of a proxy with the documented file, and the lines and names that it complains of."""
    (tmp_path / "more.yaml").write_text(INCLUDED.format(server.base_url))
    path = tmp_path / "config.yaml"
    path.write_text(DOCUMENTED.read_text().replace("ADDRESS", server.url))
    process = start("--config", str(path), "--port", "0", **VARIABLES)
    assert process.stderr is not None
    said = Output(process.stderr.fileno()).until("try it")
    found = re.search(r"on (http://\S+?);", said)
    assert found is not None
    complaints = re.findall(r"config\.yaml:(\d+): warning: (\S+): .* has no effect", said)
    return found[1], [(int(line), name) for line, name in complaints]


def ask(url: str, model: str, wish: str = "hi", key: str = "sk-master") -> tuple[Any, Any]:
    """Return the text of an answer and the headers of its response."""
    body = {"model": model, "messages": [{"role": "user", "content": wish}]}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=DEADLINE) as reply:
        return json.load(reply)["choices"][0]["message"]["content"], reply.headers


def test_what_matters_works_and_the_rest_is_named_with_its_line(
    proxy: tuple[str, list[tuple[int, str]]], server: ProviderServer
) -> None:
    url, complaints = proxy
    lines = DOCUMENTED.read_text().splitlines()
    assert {name for _, name in complaints} == NO_EFFECT
    assert all(name.rpartition(".")[2] in lines[line - 1] for line, name in complaints)

    server.reply("Hello")
    answer, headers = ask(url, "gpt-4o")
    assert (answer, headers["x-litellm-model-group"], headers["x-litellm-attempted-retries"]) == (
        "Hello",
        "gpt-4o",
        "0",
    )
    assert headers["x-litellm-model-id"] == "my-id"  # its order comes first
    assert float(headers["x-litellm-response-cost"]) == 0  # as its own prices say
    assert server.log[0].headers["authorization"] == "Bearer sk-operators"
    assert server.log[0].headers["openai-organization"] == "org-1"

    assert ask(url, "gpt-4o")[1]["x-aiollm-cache"] == "hit"
    assert ask(url, "b", "by its alias")[0] == "Hello"
    assert ask(url, "included", "of the other file")[0] == "Hello"
    assert ask(url, "openai/gpt-4.1", "by the wildcard")[0] == "Hello"
    assert server.log[-1].json["model"] == "gpt-4.1"
    assert len(server.log) == 4

    server.script(status(500, fields={"retry-after-ms": "1"}), path="/v1/chat/completions")
    answer, headers = ask(url, "gpt-4o", "and fall back")
    assert (answer, headers["x-litellm-attempted-fallbacks"]) == ("Hello", "1")
    assert server.log[-1].headers["x-api-key"] == "sk-team-key"

    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(url, "gpt-4o", key="sk-none")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{url}/metrics", timeout=DEADLINE)
