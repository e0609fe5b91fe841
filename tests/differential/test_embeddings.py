"""The official clients ask the same server for embeddings as ours does: the same requests, and the same vectors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm.testing import LoggedRequest, ProviderServer, status

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pydantic.PydanticDeprecatedSince20")

TEXTS = ["the sky is blue", "why"]
KEY = "key-00000000"


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


async def ours(base: str, model: str, given: Any = TEXTS, **options: Any) -> aiollm.EmbeddingResponse:
    return await aiollm.aembedding(model, given, api_base=base, api_key=KEY, **options)


def vectors(response: aiollm.EmbeddingResponse) -> list[Any]:
    return [item.embedding for item in response.data]


def essence(request: LoggedRequest) -> tuple[str, str, Any, Any]:
    return request.method, request.target, request.headers.get("authorization"), request.json


def same_requests(server: ProviderServer) -> None:
    theirs, mine = server.log
    assert essence(theirs) == essence(mine)


@pytest.mark.parametrize("given", ["a text", TEXTS, [1, 2, 3], [[1, 2], [3]]])
async def test_openai(server: ProviderServer, given: Any) -> None:
    openai = pytest.importorskip("openai")
    # Unasked, their client asks for base64 and unpacks it; ours says nothing, which is "float".
    options = {"dimensions": 5, "encoding_format": "float", "user": "u"}
    async with openai.AsyncOpenAI(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
        theirs = await client.embeddings.create(model="text-embedding-3-small", input=given, **options)
    mine = await ours(server.base_url, "text-embedding-3-small", given, **options)
    same_requests(server)
    assert [item.embedding for item in theirs.data] == vectors(mine)
    assert [item.index for item in theirs.data] == [item.index for item in mine.data]
    assert (theirs.model, theirs.usage.total_tokens) == (mine.model, mine.usage.total_tokens)


async def test_openai_reads_from_base64_what_ours_reads_as_numbers(server: ProviderServer) -> None:
    openai = pytest.importorskip("openai")
    async with openai.AsyncOpenAI(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
        theirs = await client.embeddings.create(model="m", input=TEXTS)
    mine = await ours(server.base_url, "openai/m")
    assert [item.embedding for item in theirs.data] == [pytest.approx(vector) for vector in vectors(mine)]


@pytest.mark.parametrize("version", ["2024-10-21", "2025-02-01-preview"])
async def test_azure(server: ProviderServer, version: str) -> None:
    openai = pytest.importorskip("openai")
    there = {"api_key": KEY, "azure_endpoint": server.url, "api_version": version}
    async with openai.AsyncAzureOpenAI(**there, max_retries=0) as client:
        theirs = await client.embeddings.create(model="my dep", input=TEXTS, encoding_format="float")
    mine = await ours(server.url, "azure/my dep", api_version=version, encoding_format="float")
    same_requests(server)
    assert server.log[0].headers.get("api-key") == server.log[1].headers.get("api-key") == KEY
    assert [item.embedding for item in theirs.data] == vectors(mine)


async def test_mistral(server: ProviderServer) -> None:
    mistral = pytest.importorskip("mistralai.client")
    async with mistral.Mistral(api_key=KEY, server_url=server.url) as client:
        theirs = await client.embeddings.create_async(
            model="m", inputs=TEXTS, output_dimension=5, output_dtype="float", encoding_format="float"
        )
    mine = await ours(server.base_url, "mistral/m", dimensions=5, output_dtype="float", encoding_format="float")
    same_requests(server)
    assert [item.embedding for item in theirs.data] == vectors(mine)
    assert theirs.usage.prompt_tokens == mine.usage.prompt_tokens


@pytest.mark.parametrize("given", ["a text", TEXTS])
async def test_google(server: ProviderServer, given: Any) -> None:
    genai = pytest.importorskip("google.genai")
    client = genai.Client(api_key=KEY, http_options={"base_url": server.url, "api_version": "v1beta"})
    config = {"output_dimensionality": 5, "task_type": "RETRIEVAL_QUERY", "title": "t"}
    theirs = await client.aio.models.embed_content(model="gemini-embedding-001", contents=given, config=config)
    await client.aio.aclose()
    options = {"dimensions": 5, "task_type": "RETRIEVAL_QUERY", "title": "t"}
    mine = await ours(f"{server.url}/v1beta", "gemini/gemini-embedding-001", given, **options)
    same_requests(server)
    assert server.log[0].headers.get("x-goog-api-key") == server.log[1].headers.get("x-goog-api-key") == KEY
    assert [item.values for item in theirs.embeddings] == vectors(mine)


@pytest.mark.parametrize(
    ("model", "version"),
    [("text-embedding-005", "v1"), ("text-multilingual-embedding-002", "v1"), ("gemini-embedding-2", "v1beta1")],
)
async def test_google_in_the_cloud(server: ProviderServer, model: str, version: str) -> None:
    genai = pytest.importorskip("google.genai")
    credentials = pytest.importorskip("google.oauth2.credentials")
    client = genai.Client(
        vertexai=True,
        project="p",
        location="us-east5",
        credentials=credentials.Credentials(token=KEY),
        http_options={"base_url": server.url, "api_version": version},
    )
    config = {"output_dimensionality": 5, "task_type": "RETRIEVAL_QUERY", "auto_truncate": False}
    # Texts by themselves their client makes one content of, for this model; ours embeds each.
    given = [{"parts": [{"text": text}], "role": "user"} for text in TEXTS] if "gemini" in model else TEXTS
    theirs = await client.aio.models.embed_content(model=model, contents=given, config=config)
    await client.aio.aclose()
    place = {"vertex_project": "p", "vertex_location": "us-east5"}
    options = {"dimensions": 5, "task_type": "RETRIEVAL_QUERY", "auto_truncate": False}
    mine = await ours(f"{server.url}/{version}", f"vertex_ai/{model}", **place, **options)
    same_requests(server)
    assert [item.values for item in theirs.embeddings] == vectors(mine)


async def test_cohere(server: ProviderServer) -> None:
    cohere = pytest.importorskip("cohere")
    async with cohere.AsyncClientV2(api_key=KEY, base_url=server.url) as client:
        theirs = await client.embed(
            model="embed-v4.0",
            texts=TEXTS,
            input_type="search_query",
            output_dimension=5,
            embedding_types=["float"],
            truncate="END",
        )
    mine = await ours(server.url, "cohere/embed-v4.0", dimensions=5, input_type="search_query", truncate="END")
    same_requests(server)
    assert theirs.embeddings.float_ == vectors(mine)
    assert (theirs.id, theirs.meta.billed_units.input_tokens) == ("scripted-0", mine.usage.prompt_tokens)


async def test_ollama(server: ProviderServer) -> None:
    ollama = pytest.importorskip("ollama")
    client = ollama.AsyncClient(host=server.url, headers={"Authorization": f"Bearer {KEY}"})
    options = {"truncate": False, "keep_alive": "5m", "dimensions": 5, "options": {"num_ctx": 64}}
    theirs = await client.embed("nomic", TEXTS, **options)
    await client.close()
    mine = await ours(server.url, "ollama/nomic", **options)
    same_requests(server)
    assert [list(vector) for vector in theirs.embeddings] == vectors(mine)
    assert (theirs.model, theirs.prompt_eval_count) == (mine.model, mine.usage.prompt_tokens)


async def test_bedrock(server: ProviderServer) -> None:
    """Botocore sends any body; its model of the service says where to, and how it is signed."""
    session = pytest.importorskip("botocore.session")
    model, region = "amazon.titan-embed-text-v2:0", "eu-west-1"
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG"}
    await aiollm.aembedding(f"bedrock/{model}", "a", api_base=server.url, aws_region_name=region, **keys)
    request = server.log[0]
    operation = session.get_session().get_service_model("bedrock-runtime").operation_model("InvokeModel")
    assert operation.http["requestUri"].replace("{modelId}", "amazon.titan-embed-text-v2%3A0") == request.target
    assert operation.http["method"] == request.method
    assert f"/{region}/bedrock/aws4_request" in (request.headers.get("authorization") or "")


async def test_huggingface(server: ProviderServer) -> None:
    """Their address is fixed to their router; what they write is asked of them without sending it."""
    providers = pytest.importorskip("huggingface_hub.inference._providers.hf_inference")
    mine = await ours(server.url, "huggingface/org/model", normalize=True)
    task = providers.HFInferenceFeatureExtractionTask()
    body = task._prepare_payload_as_dict(TEXTS, {"normalize": True, "truncate": None}, None)
    assert server.log[0].json == body
    assert task._prepare_url(KEY, "org/model").endswith(server.log[0].path)
    assert len(vectors(mine)) == 2


async def test_openais_error_is_of_the_same_class_as_ours(server: ProviderServer) -> None:
    openai = pytest.importorskip("openai")
    for code in (400, 401, 403, 404, 422, 429, 500):
        server.script(status(code))
        async with openai.AsyncOpenAI(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
            with pytest.raises(openai.APIStatusError) as theirs:
                await client.embeddings.create(model="m", input=TEXTS)
        with pytest.raises(aiollm.APIError) as mine:
            await ours(server.base_url, "openai/m")
        assert (type(theirs.value).__name__, theirs.value.status_code) == (type(mine.value).__name__, code)
