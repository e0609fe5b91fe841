"""Models over HTTP: each caller is told of those that it may use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.proxy.admin.gateways import CANARY, CONFIG, MASTER, Asking, asking


def ids(told: Any) -> list[str]:
    return [model["id"] for model in told["data"]]


async def test_models_are_told_as_openai_tells_them(ask: Asking) -> None:
    status, told = await ask("GET", "/v1/models")
    assert (status, told["object"], ids(told)) == (200, "list", ["small", "large"])
    assert told["data"][0] == {"id": "small", "object": "model", "created": 1677610602, "owned_by": "openai"}
    assert (await ask("GET", "/models"))[1] == told
    assert (await ask("GET", "/v1/models/small"))[1] == told["data"][0]


async def test_a_key_is_told_of_what_it_may_use(ask: Asking) -> None:
    key = (await ask.made(models=["large", "groq/llama-3.3-70b-versatile"]))["key"]
    assert ids((await ask("GET", "/v1/models", key=key))[1]) == ["large", "groq/llama-3.3-70b-versatile"]
    assert (await ask("GET", "/v1/models/large", key=key))[0] == 200
    for name in ("small", "nobody", "groq/other"):
        status, error = await ask("GET", f"/v1/models/{name}", key=key)
        assert (status, error["error"]["code"]) == (404, "model_not_found")


async def test_a_group_for_any_name_is_told_by_the_model_behind_it(tmp_path: Path) -> None:
    entry = "{model_name: '*', litellm_params: {model: local/smollm2}}"
    async with asking(tmp_path, f"model_list: [{entry}]\ngeneral_settings: {{master_key: {MASTER}}}\n") as ask:
        assert ids((await ask("GET", "/v1/models"))[1]) == ["local/smollm2"]


async def test_deployments_are_told_with_what_is_known_of_their_models(ask: Asking) -> None:
    _, told = await ask("GET", "/model/info")
    one, _, pattern = told["data"]
    assert (one["model_name"], one["litellm_params"]["api_base"]) == ("small", "http://127.0.0.1:9/private")
    assert (one["model_info"]["id"], one["model_info"]["mode"], one["model_info"]["max_input_tokens"]) == (
        "one",
        "chat",
        128000,
    )
    assert pattern["model_info"] == {"id": "any"}
    assert None not in one["model_info"].values()
    assert (await ask("GET", "/v1/model/info"))[1] == told
    assert CANARY not in str(told)
    assert CANARY in CONFIG


async def test_a_caller_is_not_told_where_deployments_are(ask: Asking) -> None:
    key = (await ask.made(models=["small"]))["key"]
    _, told = await ask("GET", "/model/info", key=key)
    (one,) = told["data"]
    assert one["litellm_params"] == {"model": "openai/gpt-4o-mini"}
    assert "private" not in str(told)


async def test_groups_are_told_as_a_whole(ask: Asking) -> None:
    _, told = await ask("GET", "/model_group/info")
    assert [(group["model_group"], group["providers"]) for group in told["data"]] == [
        ("small", ["openai"]),
        ("large", ["openai"]),
        ("groq/*", ["groq"]),
    ]
