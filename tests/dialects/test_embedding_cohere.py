from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.table import embedder_of
from aiollm.exceptions import APIResponseValidationError
from tests.dialects.embedding import answered, asked, vectors, written

COHERE, BEDROCK = embedder_of("cohere"), embedder_of("cohere_bedrock")
COUNTED = {"meta": {"billed_units": {"input_tokens": 4}}}


def test_a_text_has_a_purpose_and_a_type_unasked() -> None:
    body = {"texts": ["a"], "input_type": "search_document", "embedding_types": ["float"]}
    assert written(COHERE, asked("a")) == {"model": "m", **body}
    assert written(BEDROCK, asked("a")) == body


def test_what_the_caller_says_wins() -> None:
    body = written(COHERE, asked(["a", "b"], dimensions=256, encoding_format="base64", input_type="search_query"))
    assert body == {
        "model": "m",
        "texts": ["a", "b"],
        "input_type": "search_query",
        "embedding_types": ["base64"],
        "output_dimension": 256,
    }
    assert written(COHERE, asked(embedding_types=["int8", "float"]))["embedding_types"] == ["int8", "float"]


@pytest.mark.parametrize("embeddings", [[[1.0], [2.0]], {"float": [[1.0], [2.0]]}])
def test_vectors_come_in_two_shapes(embeddings: Any) -> None:
    response = answered(COHERE, {"id": "e", "embeddings": embeddings, **COUNTED}, asked(["a", "b"]))
    assert vectors(response) == [[1.0], [2.0]]
    assert (response.id, response.usage.prompt_tokens) == ("e", 4)


def test_of_several_types_the_first_asked_for_is_the_vector_and_the_others_stand_beside_it() -> None:
    reply = {"embeddings": {"float": [[0.5]], "int8": [[64]], "base64": None}}
    item = answered(COHERE, reply, asked(embedding_types=["int8", "float"])).data[0]
    assert (item.embedding, item["float"]) == ([64], [0.5])


def test_base64_is_the_vector_where_it_was_asked_for() -> None:
    assert vectors(answered(COHERE, {"embeddings": {"base64": ["AAA="]}}, asked(encoding_format="base64"))) == ["AAA="]


def test_types_of_unlike_length_are_no_answer() -> None:
    with pytest.raises(APIResponseValidationError):
        answered(COHERE, {"embeddings": {"float": [[0.5]], "int8": []}}, asked(["a", "b"]))
    with pytest.raises(APIResponseValidationError):
        answered(COHERE, {"embeddings": {"float": [[0.5]], "int8": [[1], [2]]}})


def test_on_bedrock_a_header_counts_the_tokens() -> None:
    headers = {"x-amzn-bedrock-input-token-count": "7"}
    assert answered(BEDROCK, {"embeddings": [[1.0]]}, headers=headers).usage.prompt_tokens == 7
    assert answered(BEDROCK, {"embeddings": [[1.0]]}).usage is None
