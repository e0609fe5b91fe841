"""The addresses of Azure: deployments, versions, and what people paste for a base URL."""

from __future__ import annotations

import pytest

from aiollm.exceptions import AuthenticationError, BadRequestError
from aiollm.providers import authenticate, get_supported_openai_params, resolve, validate_environment
from aiollm.types.secret import Secret

HOME = "https://acme.openai.azure.com"
DATED = f"{HOME}/openai/deployments/gpt4/chat/completions?api-version=2025-02-01-preview"
V1 = f"{HOME}/openai/v1/chat/completions"
KEY = Secret("k-0123456789")


def url(model: str, base: str, version: str | None = None, **more: bool) -> str:
    return resolve(model, base_url=base, api_key=KEY, api_version=version, environ={}, **more).endpoint.url


@pytest.mark.parametrize(
    ("base", "version", "expected"),
    [
        (HOME, None, DATED),
        (f"{HOME}/", None, DATED),
        (f"{HOME}/openai", None, DATED),
        (f"{HOME}/openai/", "2024-10-21", DATED.replace("2025-02-01-preview", "2024-10-21")),
        (f"{HOME}/openai/deployments/gpt4", None, DATED),
        (f"{HOME}/openai/deployments/gpt4/chat/completions", None, DATED),
        (f"{HOME}/openai/deployments/gpt4/chat/completions?api-version=2024-10-21", None, DATED[:-18] + "2024-10-21"),
        (f"{HOME}/openai/deployments/gpt4?api-version=2024-10-21", "2025-02-01-preview", DATED),
        (f"{HOME}/openai/deployments/other", None, DATED.replace("gpt4", "other")),
        (HOME, "v1", V1),
        (HOME, "preview", V1),
        (HOME, "latest", V1),
        (f"{HOME}/openai/v1", None, V1),
        (f"{HOME}/openai/v1/", "2024-10-21", V1),
        (f"{HOME}/openai/v1/chat/completions", None, V1),
        ("http://gateway/llm/openai/deployments/gpt4", None, DATED.replace(HOME, "http://gateway/llm")),
    ],
)
def test_azure_has_a_path_for_each_deployment_or_one_for_all(base: str, version: str | None, expected: str) -> None:
    assert url("azure/gpt4", base, version) == expected


def test_a_deployment_cannot_lead_to_another_path() -> None:
    assert "/deployments/a%2F..%2Fb%3Fc/chat" in url("azure/a/../b?c", HOME)


@pytest.mark.parametrize(
    ("base", "version", "expected"),
    [
        (HOME, None, f"{HOME}/openai/responses?api-version=2025-02-01-preview"),
        (
            f"{HOME}/openai/deployments/gpt4",
            "2025-04-01-preview",
            f"{HOME}/openai/responses?api-version=2025-04-01-preview",
        ),
        (HOME, "v1", f"{HOME}/openai/v1/responses"),
        (f"{HOME}/openai/v1/responses", None, f"{HOME}/openai/v1/responses"),
        (V1, None, f"{HOME}/openai/v1/responses"),
    ],
)
def test_the_responses_api_of_azure_has_no_deployment_in_its_path(
    base: str, version: str | None, expected: str
) -> None:
    assert url("azure/responses/gpt4", base, version) == expected
    assert url("azure/gpt4", base, version, api="responses") == expected


@pytest.mark.parametrize(
    ("base", "version", "expected"),
    [
        (
            "https://a.services.ai.azure.com",
            None,
            "https://a.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview",
        ),
        (
            "https://a.services.ai.azure.com/models/chat/completions?api-version=2025-01-01",
            None,
            "https://a.services.ai.azure.com/models/chat/completions?api-version=2025-01-01",
        ),
        (
            "https://a.services.ai.azure.com/openai/v1",
            None,
            "https://a.services.ai.azure.com/openai/v1/chat/completions",
        ),
        ("https://a.eu.models.ai.azure.com", None, "https://a.eu.models.ai.azure.com/chat/completions"),
        (
            "https://a.eu.models.ai.azure.com/v1/",
            "2024-05-01-preview",
            "https://a.eu.models.ai.azure.com/v1/chat/completions?api-version=2024-05-01-preview",
        ),
        (HOME, None, DATED),
    ],
)
def test_foundry_has_one_address_for_all_models(base: str, version: str | None, expected: str) -> None:
    assert url("azure_ai/gpt4", base, version) == expected


def test_foundry_has_the_responses_api_among_openais_paths() -> None:
    expected = "https://a.services.ai.azure.com/openai/v1/responses"
    assert url("azure_ai/gpt-5", "https://a.services.ai.azure.com", api="responses") == expected


def test_the_environment_says_where_and_which_version() -> None:
    environ = {"AZURE_API_BASE": HOME, "AZURE_API_VERSION": "2024-10-21", "AZURE_API_KEY": "k"}
    assert resolve("azure/gpt4", environ=environ).endpoint.url.endswith("/gpt4/chat/completions?api-version=2024-10-21")


@pytest.mark.parametrize("base", [f"{HOME}?code=x", f"{HOME}?api-version=1&code=x", f"{HOME}#x"])
def test_another_query_in_the_base_is_refused(base: str) -> None:
    with pytest.raises(BadRequestError, match="query"):
        url("azure/gpt4", base)


def test_a_version_that_is_none_is_refused() -> None:
    with pytest.raises(BadRequestError, match="API version") as caught:
        url("azure/gpt4", HOME, "2024&x=1")
    assert caught.value.param == "api_version"


def test_other_providers_have_no_version_in_their_address() -> None:
    assert url("openai/m", "https://h/v1", "2024-10-21") == "https://h/v1/chat/completions"


def test_a_token_goes_before_a_key_and_into_its_own_header() -> None:
    target = resolve("azure/d", base_url=HOME, api_key=KEY, token=Secret("eyJ.token"), environ={})
    assert authenticate({}, target) == {"Authorization": "Bearer eyJ.token"}
    assert authenticate({}, resolve("azure/d", base_url=HOME, api_key=KEY, environ={})) == {"api-key": KEY.reveal()}


def test_a_key_in_the_environment_goes_before_a_token_there() -> None:
    environ = {"AZURE_API_BASE": HOME, "AZURE_AD_TOKEN": "eyJ.token"}
    assert authenticate({}, resolve("azure/d", environ=environ)) == {"Authorization": "Bearer eyJ.token"}
    assert authenticate({}, resolve("azure/d", environ=environ | {"AZURE_API_KEY": "k"})) == {"api-key": "k"}


def test_without_key_and_token_all_ways_are_named() -> None:
    with pytest.raises(AuthenticationError, match=r"AZURE_OPENAI_API_KEY.*AZURE_AD_TOKEN.*azure_ad_token_provider="):
        resolve("azure/d", base_url=HOME, environ={})


def test_a_token_is_for_azure_only() -> None:
    with pytest.raises(BadRequestError, match="openai takes no azure_ad_token"):
        resolve("gpt-4o", token=Secret("eyJ.token"), environ={"OPENAI_API_KEY": "k"})


def test_a_token_in_the_environment_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert validate_environment("azure/d")["missing_keys"] == ["AZURE_OPENAI_API_KEY", "AZURE_API_BASE"]
    monkeypatch.setenv("AZURE_AD_TOKEN", "eyJ.token")
    monkeypatch.setenv("AZURE_API_BASE", HOME)
    assert validate_environment("azure/d") == {"keys_in_environment": True, "missing_keys": []}


@pytest.mark.parametrize(
    ("model", "sent", "quirks"),
    [
        ("azure/o_series/mine", "mine", ["max_completion_tokens_always"]),
        ("azure/gpt5_series/mine", "mine", ["max_completion_tokens_always"]),
        ("azure/mine", "mine", []),
    ],
)
def test_a_series_tells_that_a_deployment_reasons(model: str, sent: str, quirks: list[str]) -> None:
    target = resolve(model, base_url=HOME, api_key=KEY, environ={})
    assert target.model == sent
    names = [quirk.__name__ for quirk in target.endpoint.quirks]
    assert names == ["developer_as_system", "max_completion_tokens_if_reasoning", *quirks]


def test_the_responses_api_tells_what_it_has_no_word_for() -> None:
    chat = {*get_supported_openai_params("azure/gpt4")}
    responses = {*get_supported_openai_params("azure/responses/gpt4")}
    assert {"stop", "seed", "n", "logit_bias"} <= chat - responses
    assert {"reasoning_effort", "stream_options"} <= responses
