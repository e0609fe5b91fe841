from __future__ import annotations

from aiollm.dialects.embedding_titan import TitanEmbedder
from tests.dialects.embedding import answered, asked, vectors, written

TITAN = TitanEmbedder()


def test_one_text_goes_out() -> None:
    body = written(TITAN, asked("a", dimensions=256, normalize=False))
    assert body == {"inputText": "a", "dimensions": 256, "normalize": False}


def test_the_vector_and_the_count_are_read() -> None:
    response = answered(TITAN, {"embedding": [1.0, 2.0], "inputTextTokenCount": 3})
    assert vectors(response) == [[1.0, 2.0]]
    assert response.usage.prompt_tokens == 3


def test_a_vector_of_another_type_is_found_where_it_is_alone() -> None:
    assert vectors(answered(TITAN, {"embeddingsByType": {"binary": [1, 0]}})) == [[1, 0]]
