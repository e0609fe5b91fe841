"""Where the embeddings of each provider are, and who has none."""

from __future__ import annotations

import pytest

from aiollm.exceptions import BadRequestError
from aiollm.providers import resolve
from aiollm.types.secret import Secret

KEY = Secret("key-0000")
GOOGLE = "/projects/{project}/locations/{location}/publishers/google/models"
PLACES = {"AWS_REGION": "eu-west-1", "PREDIBASE_TENANT_ID": "acme", "WATSONX_URL": "https://w.example"}

ADDRESSES = [
    ("text-embedding-3-small", None, "https://api.openai.com/v1/embeddings"),
    ("text-embedding-ada-002", None, "https://api.openai.com/v1/embeddings"),
    ("openai/m", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/embeddings"),
    ("openai/m", "http://127.0.0.1:9/v1/embeddings", "http://127.0.0.1:9/v1/embeddings"),
    ("openai/m", "http://127.0.0.1:9/v1/chat/completions", "http://127.0.0.1:9/v1/embeddings"),
    ("together_ai/m", None, "https://api.together.ai/v1/embeddings"),
    ("datarobot/m", None, "https://app.datarobot.com/api/v2/genai/llmgw/embeddings"),
    ("gradient_ai/m", "https://agent.example", "https://agent.example/api/v1/embeddings"),
    ("predibase/d", None, "https://serving.app.predibase.com/acme/deployments/v2/llms/d/v1/embeddings"),
    ("mistral/mistral-embed", None, "https://api.mistral.ai/v1/embeddings"),
    (
        "azure/d",
        "https://a.openai.azure.com",
        "https://a.openai.azure.com/openai/deployments/d/embeddings?api-version=",
    ),
    ("azure/d", "https://a.openai.azure.com/openai/v1", "https://a.openai.azure.com/openai/v1/embeddings"),
    ("azure_ai/m", "https://a.services.ai.azure.com", "https://a.services.ai.azure.com/models/embeddings?api-version="),
    ("azure_ai/m", "https://a.models.ai.azure.com", "https://a.models.ai.azure.com/embeddings"),
    ("gemini/m", None, "https://generativelanguage.googleapis.com/v1beta/models/m:batchEmbedContents"),
    ("vertex_ai/text-embedding-005", None, f"https://{{host}}/v1{GOOGLE}/text-embedding-005:predict"),
    ("vertex_ai/gemini-embedding-001", None, f"https://{{host}}/v1{GOOGLE}/gemini-embedding-001:predict"),
    ("vertex_ai/gemini-embedding-2", None, f"https://{{host}}/v1beta1{GOOGLE}/gemini-embedding-2:batchEmbedContents"),
    ("cohere/m", None, "https://api.cohere.com/v2/embed"),
    ("ollama/m", None, "http://localhost:11434/api/embed"),
    ("bedrock/amazon.titan-embed-text-v2:0", None, "/model/amazon.titan-embed-text-v2%3A0/invoke"),
    (
        "bedrock/us-east-1/cohere.embed-v4:0",
        None,
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/cohere.embed-v4",
    ),
    ("huggingface/o/m", None, "https://router.huggingface.co/hf-inference/models/o/m/pipeline/feature-extraction"),
]
NONE = [
    "anthropic/claude-x",
    "azure_ai/claude-x",
    "bedrock/anthropic.claude-x",
    "local/smollm2",
    "openai/o3-pro",
    "sagemaker_chat/m",
    "vertex_ai/claude-x",
    "vertex_ai/gemini-2.5-pro",
    "vertex_ai/mistral-large",
    "watsonx/m",
]


@pytest.mark.parametrize(("model", "base", "expected"), ADDRESSES)
def test_the_embeddings_of_a_model_have_an_address(model: str, base: str | None, expected: str) -> None:
    url = resolve(model, base_url=base, api_key=KEY, api="embeddings", environ=PLACES).endpoint.url
    assert url.startswith(expected) or url.endswith(expected)
    assert "?" in expected or "?" not in url


@pytest.mark.parametrize("model", NONE)
def test_who_has_no_embeddings_says_so(model: str) -> None:
    base = "https://a.services.ai.azure.com" if model.startswith("azure") else None
    with pytest.raises(BadRequestError, match="has no embeddings") as caught:
        resolve(model, base_url=base, api_key=KEY, api="embeddings", environ=PLACES)
    assert caught.value.llm_provider == model.partition("/")[0]
    assert caught.value.param == "model"
    assert caught.value.hint


def test_what_belongs_to_the_chat_is_left_there() -> None:
    target = resolve("groq/m", api_key=KEY, api="embeddings", environ={})
    assert (target.endpoint.quirks, target.endpoint.renames, target.endpoint.unsupported) == ((), {}, frozenset())
    chat = resolve("groq/m", api_key=KEY, environ={})
    assert chat.endpoint.url.endswith("/chat/completions")
    assert chat.endpoint.quirks
