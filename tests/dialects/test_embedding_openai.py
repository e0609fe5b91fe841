from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.table import embedder_of
from aiollm.exceptions import APIResponseValidationError
from tests.dialects.embedding import answered, asked, vectors, written

OPENAI, MISTRAL = embedder_of("openai"), embedder_of("mistral")
USAGE = {"prompt_tokens": 3, "total_tokens": 3}


def item(index: int | None, vector: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": vector}


@pytest.mark.parametrize("given", ["a", ["a", "b"], [1, 2], [[1], [2]]])
def test_every_form_of_input_goes_out_as_it_is(given: Any) -> None:
    assert written(OPENAI, asked(given)) == {"model": "m", "input": given}


def test_parameters_go_out_under_openais_names() -> None:
    body = written(OPENAI, asked(dimensions=8, encoding_format="float", user="u", input_type="query"))
    assert body == {
        "model": "m",
        "input": "a",
        "dimensions": 8,
        "encoding_format": "float",
        "user": "u",
        "input_type": "query",
    }


def test_mistral_has_another_name_for_the_dimensions() -> None:
    body = written(MISTRAL, asked(dimensions=8, output_dtype="int8"))
    assert body == {"model": "m", "input": "a", "output_dimension": 8, "output_dtype": "int8"}


def test_the_vectors_are_put_into_the_order_of_the_inputs() -> None:
    reply = {"model": "m-1", "data": [item(1, [2.0]), item(0, [1.0])], "usage": USAGE}
    response = answered(OPENAI, reply, asked(["a", "b"]))
    assert vectors(response) == [[1.0], [2.0]]
    assert (response.model, response.object) == ("m-1", "list")
    assert response.usage.model_dump() == {**USAGE, "completion_tokens": 0}


def test_vectors_without_an_index_keep_their_order() -> None:
    response = answered(OPENAI, {"data": [{"embedding": [1.0]}, item(None, [2.0])]}, asked(["a", "b"]))
    assert vectors(response) == [[1.0], [2.0]]
    assert response.usage is None


def test_base64_stays_as_it_came() -> None:
    response = answered(OPENAI, {"data": [item(0, "AACAPw==")]}, asked(encoding_format="base64"))
    assert vectors(response) == ["AACAPw=="]


def test_a_list_of_token_ids_is_one_input_and_a_list_of_lists_is_several() -> None:
    assert vectors(answered(OPENAI, {"data": [item(0, [1.0])]}, asked([1, 2, 3]))) == [[1.0]]
    with pytest.raises(APIResponseValidationError, match="with 1 vectors for 2 inputs"):
        answered(OPENAI, {"data": [item(0, [1.0])]}, asked([[1], [2]]))


def test_what_a_provider_adds_is_kept() -> None:
    response = answered(OPENAI, {"id": "e", "data": [{**item(0, [1.0]), "tokens": 2}]})
    assert (response.id, response.data[0].tokens) == ("e", 2)
