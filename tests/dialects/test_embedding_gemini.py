from __future__ import annotations

from aiollm.dialects.table import embedder_of
from tests.dialects.embedding import answered, asked, vectors, written

GEMINI, CLOUD = embedder_of("gemini"), embedder_of("gemini_vertex")


def content(text: str) -> dict[str, object]:
    return {"parts": [{"text": text}], "role": "user"}


def test_each_text_is_a_request_of_its_own() -> None:
    each = {"model": "models/m", "outputDimensionality": 8, "taskType": "RETRIEVAL_QUERY", "title": "t"}
    body = written(GEMINI, asked(["a", "b"], dimensions=8, task_type="RETRIEVAL_QUERY", title="t"))
    assert body == {"requests": [{"content": content("a"), **each}, {"content": content("b"), **each}]}


def test_in_the_cloud_the_parameters_have_an_object_of_their_own() -> None:
    config = {"outputDimensionality": 8, "taskType": "X", "autoTruncate": False}
    body = written(CLOUD, asked("a", dimensions=8, task_type="X", auto_truncate=False))
    assert body == {"requests": [{"content": content("a"), "embedContentConfig": config}]}
    assert written(CLOUD, asked("a")) == {"requests": [{"content": content("a")}]}


def test_the_vectors_are_read() -> None:
    response = answered(GEMINI, {"embeddings": [{"values": [1.0]}, {"values": [2.0]}]}, asked(["a", "b"]))
    assert vectors(response) == [[1.0], [2.0]]
    assert (response.model, response.usage) == ("m", None)


def test_tokens_are_counted_where_google_counts_them() -> None:
    response = answered(GEMINI, {"embeddings": [{"values": [1.0]}], "usageMetadata": {"promptTokenCount": 4}})
    assert (response.usage.prompt_tokens, response.usage.total_tokens) == (4, 4)
