from __future__ import annotations

import pytest

from aiollm.dialects.embedding_huggingface import HuggingFaceEmbedder
from aiollm.exceptions import APIResponseValidationError, UnsupportedParamsError
from tests.dialects.embedding import answered, asked, vectors, written

HUB = HuggingFaceEmbedder()


def test_the_texts_go_out_with_its_own_parameters() -> None:
    body = written(HUB, asked(["a", "b"], normalize=True, prompt_name="query"))
    assert body == {"inputs": ["a", "b"], "normalize": True, "prompt_name": "query"}
    with pytest.raises(UnsupportedParamsError, match="dimensions"):
        written(HUB, asked(dimensions=8))


def test_the_vectors_are_read_and_nothing_is_counted() -> None:
    response = answered(HUB, [[1.0], [2.0]], asked(["a", "b"]))
    assert vectors(response) == [[1.0], [2.0]]
    assert response.usage is None


def test_a_vector_for_each_token_is_none_for_the_text() -> None:
    with pytest.raises(APIResponseValidationError, match="a vector is no list of numbers"):
        answered(HUB, [[[1.0], [2.0]]])
