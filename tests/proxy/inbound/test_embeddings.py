"""Embeddings, as numbers or as base64."""

from __future__ import annotations

import json
from base64 import b64encode
from struct import pack
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse

from aiollm.exceptions import BadRequestError
from aiollm.proxy.inbound.embeddings import embedding_response, parse_embedding
from aiollm.types.embedding import EmbeddingResponse

PACKED = b64encode(pack("<2f", 0.5, -2.0)).decode()


def answered(vector: Any, wanted: str) -> Any:
    response = EmbeddingResponse(
        model="upstream", data=[{"embedding": vector, "index": 0}], usage={"prompt_tokens": 3, "total_tokens": 3}
    )
    body = embedding_response(response, parse_embedding({"model": "m", "input": "hi", "encoding_format": wanted}))
    return json.loads(body)


@pytest.mark.parametrize("vector", [[0.5, -2.0], PACKED])
def test_a_vector_comes_as_it_was_asked_for_whatever_the_provider_sends(vector: Any) -> None:
    assert answered(vector, "float")["data"][0]["embedding"] == [0.5, -2.0]
    assert answered(vector, "base64")["data"][0]["embedding"] == PACKED


def test_an_answer_is_one_of_openais() -> None:
    told = CreateEmbeddingResponse.model_validate(answered([0.5], "float"), strict=True)
    assert (told.model, told.usage.total_tokens) == ("m", 3)


def test_the_provider_is_asked_for_numbers() -> None:
    asked = parse_embedding({"model": "m", "input": ["a"], "encoding_format": "base64", "dimensions": 4, "user": "u"})
    assert asked.arguments == {"input": ["a"], "dimensions": 4, "user": "u"}
    assert (asked.call, asked.encoding, asked.user) == ("embedding", "base64", "u")


@pytest.mark.parametrize("wrong", [{"input": ""}, {"input": []}, {"input": None}, {"encoding_format": "int8"}])
def test_a_request_that_is_none_is_refused_by_its_member(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_embedding({"model": "m", "input": "a", **wrong})
    assert caught.value.param == next(iter(wrong))
