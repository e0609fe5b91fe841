from __future__ import annotations

import pytest

from aiollm import Embedding, EmbeddingResponse
from aiollm.types.origin import Origin

RESPONSE = {
    "model": "m",
    "data": [{"embedding": [0.5, -0.5], "index": 0, "object": "embedding"}],
    "object": "list",
    "usage": {"prompt_tokens": 2, "completion_tokens": 0, "total_tokens": 2},
}


def test_a_response_is_read_by_attribute_and_by_item() -> None:
    response = EmbeddingResponse(**RESPONSE)
    assert isinstance(response.data[0], Embedding)
    assert response.data[0].embedding == response["data"][0]["embedding"] == [0.5, -0.5]
    assert response.usage.prompt_tokens == response["usage"]["total_tokens"] == 2
    assert "model" in response


def test_a_response_becomes_the_json_it_was_made_of() -> None:
    assert EmbeddingResponse(**RESPONSE).model_dump() == RESPONSE


def test_what_a_provider_adds_is_kept() -> None:
    assert EmbeddingResponse(**RESPONSE, id="e1").id == "e1"


def test_an_empty_response_still_has_its_members() -> None:
    assert EmbeddingResponse().model_dump() == {"model": None, "data": [], "object": "list"}


@pytest.mark.parametrize("origin", [None, Origin(provider="acme", headers={"x-ratelimit-limit": "1"})])
def test_what_is_known_beside_the_answer_is_there(origin: Origin | None) -> None:
    response = EmbeddingResponse(**RESPONSE)
    response._origin = origin
    assert response._response_headers == (dict(origin.headers) if origin else {})
    assert response._hidden_params.get("custom_llm_provider") == (origin.provider if origin else None)
