from __future__ import annotations

from aiollm.dialects.embedding_vertex import VertexEmbedder
from tests.dialects.embedding import answered, asked, vectors, written

VERTEX = VertexEmbedder()


def prediction(value: float, **statistics: object) -> dict[str, object]:
    return {"embeddings": {"values": [value], **({"statistics": statistics} if statistics else {})}}


def test_each_text_is_an_instance_and_the_rest_is_for_all() -> None:
    body = written(VERTEX, asked(["a", "b"], dimensions=8, task_type="X", title="t", auto_truncate=False))
    assert body == {
        "instances": [{"content": text, "task_type": "X", "title": "t"} for text in "ab"],
        "parameters": {"outputDimensionality": 8, "autoTruncate": False},
    }


def test_no_parameters_are_sent_where_none_are_given() -> None:
    assert written(VERTEX, asked("a", taskType="X")) == {"instances": [{"content": "a", "task_type": "X"}]}


def test_the_vectors_are_read_and_their_tokens_added_up() -> None:
    reply = {"predictions": [prediction(1.0, token_count=2, truncated=False), prediction(2.0, token_count=3)]}
    response = answered(VERTEX, reply, asked(["a", "b"]))
    assert vectors(response) == [[1.0], [2.0]]
    assert response.usage.total_tokens == 5


def test_no_count_is_made_up() -> None:
    assert answered(VERTEX, {"predictions": [prediction(1.0)]}).usage is None
