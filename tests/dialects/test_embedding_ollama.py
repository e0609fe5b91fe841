from __future__ import annotations

from aiollm.dialects.embedding_ollama import OllamaEmbedder
from tests.dialects.embedding import answered, asked, vectors, written

OLLAMA = OllamaEmbedder()


def test_a_text_goes_out_in_a_list_with_what_else_was_said() -> None:
    body = written(OLLAMA, asked("a", dimensions=8, truncate=False, keep_alive="5m", options={"num_ctx": 9}))
    assert body == {
        "model": "m",
        "input": ["a"],
        "dimensions": 8,
        "truncate": False,
        "keep_alive": "5m",
        "options": {"num_ctx": 9},
    }


def test_the_vectors_and_the_count_are_read() -> None:
    response = answered(OLLAMA, {"embeddings": [[1.0], [2.0]], "prompt_eval_count": 5}, asked(["a", "b"]))
    assert vectors(response) == [[1.0], [2.0]]
    assert response.usage.total_tokens == 5
