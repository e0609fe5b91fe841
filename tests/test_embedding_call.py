"""`aembedding` and `embedding` over real sockets."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import aiollm
from aiollm import APIResponseValidationError, BadRequestError, RateLimitError, Secret, Timeouts, UnsupportedParamsError
from aiollm.exceptions import APIConnectionError, AuthenticationError, FirstTokenTimeout, NotFoundError
from aiollm.testing import ProviderServer, embeddings, html200, redirect, silence, status

KEY = "sk-secret-0000"
# A model, what follows the server's root in its base URL, and further options of the call.
PROVIDERS: list[tuple[str, str, dict[str, str]]] = [
    ("text-embedding-3-small", "/v1", {}),
    ("together_ai/m", "/v1", {}),
    ("azure/deployed", "", {"api_version": "2025-02-01-preview"}),
    ("azure/deployed", "/openai/v1", {}),
    ("mistral/mistral-embed", "/v1", {}),
    ("gemini/gemini-embedding-001", "/v1beta", {}),
    ("vertex_ai/text-embedding-005", "/v1", {"vertex_project": "p"}),
    ("vertex_ai/gemini-embedding-2", "/v1", {"vertex_project": "p"}),
    ("cohere/embed-v4.0", "", {}),
    ("ollama/nomic-embed-text", "", {}),
    ("bedrock/amazon.titan-embed-text-v2:0", "", {"aws_region_name": "eu-west-1"}),
    ("bedrock/cohere.embed-english-v3", "", {"aws_region_name": "eu-west-1"}),
    ("huggingface/org/model", "", {}),
]
each_provider = pytest.mark.parametrize(("model", "path", "options"), PROVIDERS, ids=[row[0] for row in PROVIDERS])


async def embedded(server: ProviderServer, given: Any = "a b", **options: Any) -> aiollm.EmbeddingResponse:
    call = {"model": "openai/m", "api_base": server.base_url, "api_key": KEY} | options
    return await aiollm.aembedding(input=given, **call)


@each_provider
async def test_the_same_call_gives_the_same_answer_everywhere(model: str, path: str, options: dict[str, str]) -> None:
    async with ProviderServer() as server:
        response = await embedded(server, ["a b", "c"], model=model, api_base=server.url + path, **options)
        expected = await embedded(server, ["a b", "c"])
    assert [item.model_dump() for item in response.data] == [item.model_dump() for item in expected.data]
    assert response.usage == (None if model.startswith("huggingface") else expected.usage)
    assert model in (response.model, f"{model.partition('/')[0]}/{response.model}")
    assert response._hidden_params["custom_llm_provider"] in (model.partition("/")[0], "openai")
    assert server.log[0].headers.get("accept-encoding") == "gzip, deflate"


@each_provider
async def test_a_refusal_has_its_class_and_its_facts(model: str, path: str, options: dict[str, str]) -> None:
    async with ProviderServer() as server:
        server.script(status(429, retry_after=3))
        with pytest.raises(RateLimitError, match="Too Many Requests") as caught:
            await embedded(server, model=model, api_base=server.url + path, num_retries=0, **options)
    error = caught.value
    assert (error.status_code, error.retry_after, error.phase) == (429, 3.0, "first_token")
    assert error.host == f"127.0.0.1:{server.port}"
    assert error.llm_provider in (model.partition("/")[0], "openai")


async def test_everything_that_is_given_goes_out() -> None:
    async with ProviderServer() as server:
        await embedded(
            server,
            [[1, 2], (3,)],
            dimensions=8,
            encoding_format="float",
            user="u",
            input_type="query",
            extra_headers={"X-Mine": "1"},
            extra_body={"more": True},
            organization="org",
            metadata={"note": "mine"},
        )
    request = server.log[0]
    assert request.path == "/v1/embeddings"
    assert request.json == {
        "model": "m",
        "input": [[1, 2], [3]],
        "dimensions": 8,
        "encoding_format": "float",
        "user": "u",
        "input_type": "query",
        "more": True,
    }
    sent = {name: request.headers.get(name) for name in ("authorization", "x-mine", "openai-organization")}
    assert sent == {"authorization": f"Bearer {KEY}", "x-mine": "1", "openai-organization": "org"}


async def test_the_provider_may_be_named_beside_the_model() -> None:
    async with ProviderServer() as server:
        await embedded(server, model="nomic", custom_llm_provider="ollama", api_base=None, base_url=server.url)
    assert (server.log[0].path, server.log[0].json["model"]) == ("/api/embed", "nomic")


async def test_parameters_may_be_dropped() -> None:
    async with ProviderServer() as server:
        given = {"model": "ollama/m", "api_base": server.url, "user": "u"}
        with pytest.raises(UnsupportedParamsError, match="ollama does not take user"):
            await embedded(server, **given)
        await embedded(server, **given, drop_params=True)
        await embedded(server, **given, additional_drop_params=["user"])
        await embedded(server, **given, allowed_openai_params=["user"])
    assert [request.json.get("user") for request in server.log] == [None, None, "u"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "input must be text, a list of texts, or lists of token ids; got None"),
        (3, "input must be text, a list of texts"),
        ({"text": "a"}, "input must be text, a list of texts"),
        ([], "input must be at least one text"),
        (["a", None], r"input\[1\] must be text, as the others are; got None"),
        (["a", 1], r"input\[1\] must be text, as the others are; got 1"),
        ([1, "a"], r"input\[1\] must be a token id, as the others are"),
        ([1, -1], r"input\[1\] must be a token id"),
        ([True], r"input\[0\] must be text"),
        ([[1], []], r"input\[1\] must be a list of token ids"),
        ([[1], ["a"]], r"input\[1\] must be a list of token ids"),
    ],
)
async def test_a_wrong_input_is_refused_before_anything_is_sent(given: Any, message: str) -> None:
    async with ProviderServer() as server:
        with pytest.raises(BadRequestError, match=message) as caught:
            await embedded(server, given)
        assert server.connections == 0
    assert caught.value.phase == "request"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dimensions", 0),
        ("dimensions", "8"),
        ("encoding_format", 1),
        ("user", 1),
        ("timeout", -1),
        ("extra_headers", {"a b": "c"}),
        ("extra_body", "text"),
        ("drop_params", "yes"),
        ("metadata", 1),
        ("model", ""),
    ],
)
async def test_a_wrong_argument_is_refused_before_anything_is_sent(name: str, value: Any) -> None:
    async with ProviderServer() as server:
        with pytest.raises(BadRequestError, match=name):
            await embedded(server, **{name: value})
        assert server.connections == 0


async def test_a_provider_without_embeddings_is_refused() -> None:
    with pytest.raises(BadRequestError, match="anthropic has no embeddings"):
        await aiollm.aembedding("anthropic/claude-x", "a", api_key=KEY)


async def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHERE_API_KEY", raising=False)
    monkeypatch.delenv("CO_API_KEY", raising=False)
    with pytest.raises(AuthenticationError, match="COHERE_API_KEY"):
        await aiollm.aembedding("cohere/embed-v4.0", "a")


async def test_a_key_that_the_provider_quotes_is_hidden() -> None:
    async with ProviderServer() as server:
        server.script(status(401, body={"error": {"message": f"wrong key {KEY}", "code": KEY}}))
        with pytest.raises(AuthenticationError) as caught:
            await embedded(server, api_key=Secret(KEY))
    assert KEY not in f"{caught.value} {caught.value.body} {caught.value.code}"


async def test_what_is_no_answer_is_an_error() -> None:
    async with ProviderServer() as server:
        server.enqueue(html200(), status(200, body={"data": []}), status(404), redirect("http://elsewhere.invalid/"))
        for expected in (APIResponseValidationError, APIResponseValidationError, NotFoundError, BadRequestError):
            with pytest.raises(expected):
                await embedded(server)


async def test_the_clocks_hold() -> None:
    async with ProviderServer() as server:
        server.script(silence())
        with pytest.raises(FirstTokenTimeout):
            await embedded(server, timeout=Timeouts(first_token=0.1))
        await server.wait_for_disconnect(0)


async def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1:9"):
        await aiollm.aembedding("openai/m", "a", api_base="http://127.0.0.1:9/v1", api_key="none")


async def test_connections_are_kept() -> None:
    async with ProviderServer() as server:
        for _ in range(3):
            await embedded(server)
        assert server.connections == 1


def test_the_blocking_twin_gives_the_same() -> None:
    with ProviderServer() as server:
        server.script(embeddings([0.5, 0.25]))
        response = aiollm.embedding("openai/m", "a", api_base=server.base_url, api_key=KEY)
        assert response["data"][0]["embedding"] == [0.5, 0.25]
        server.script(status(429))
        with pytest.raises(RateLimitError):
            aiollm.embedding("openai/m", ["a"], api_base=server.base_url, api_key=KEY)


async def test_the_blocking_twin_works_inside_a_running_loop() -> None:
    with ProviderServer() as server:
        response = aiollm.embedding(model="openai/m", input="a", api_base=server.base_url, api_key=KEY)
    assert len(response.data) == 1


def test_the_arguments_are_litellms() -> None:
    names = set(inspect.signature(aiollm.aembedding).parameters)
    of_the_request = {"model", "input", "dimensions", "encoding_format", "user"}
    assert of_the_request | {"timeout", "api_base", "api_version", "api_key", "custom_llm_provider"} <= names
