from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.embedding_ollama import OllamaEmbedder
from aiollm.dialects.table import EMBEDDERS, embedder_of
from aiollm.exceptions import (
    APIError,
    APIResponseValidationError,
    BadRequestError,
    RateLimitError,
    UnsupportedParamsError,
)
from aiollm.wire.http import ReplyHead
from tests.dialects.embedding import HERE, answered, asked, vectors, written

OLLAMA = OllamaEmbedder()
OF_TEXTS_ONLY = [name for name in sorted(EMBEDDERS) if name not in ("openai", "mistral")]


@pytest.mark.parametrize("tokens", [[1, 2], [[1], [2, 3]]])
@pytest.mark.parametrize("name", OF_TEXTS_ONLY)
def test_token_ids_are_refused_by_those_who_take_texts_only(name: str, tokens: list[Any]) -> None:
    with pytest.raises(BadRequestError, match="acme embeds texts, and takes no token ids") as caught:
        written(embedder_of(name), asked(tokens))
    assert caught.value.param == "input"


@pytest.mark.parametrize("name", [name for name in sorted(EMBEDDERS) if name != "openai"])
def test_a_user_is_refused_or_dropped_by_those_who_take_none(name: str) -> None:
    with pytest.raises(UnsupportedParamsError, match="acme does not take user"):
        written(embedder_of(name), asked(user="u"))
    assert written(embedder_of(name), asked(user="u", drop_params=True)) == written(embedder_of(name), asked())


@pytest.mark.parametrize("name", ["gemini", "gemini_vertex", "huggingface", "ollama", "titan", "vertex"])
def test_plain_numbers_may_be_asked_for_where_there_is_nothing_else(name: str) -> None:
    assert written(embedder_of(name), asked(encoding_format="float")) == written(embedder_of(name), asked())
    with pytest.raises(UnsupportedParamsError, match="encoding_format"):
        written(embedder_of(name), asked(encoding_format="base64"))


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"<html>",
        b"[]",
        b'"text"',
        b"{}",
        b'{"embeddings": null}',
        b'{"embeddings": 3}',
        b'{"embeddings": [null]}',
        b'{"embeddings": [[]]}',
        b'{"embeddings": [[[1.0], [2.0]]]}',
        b'{"embeddings": []}',
        b'{"embeddings": [[1.0], [2.0]]}',
    ],
)
def test_a_reply_without_a_vector_for_each_input_is_refused(reply: bytes) -> None:
    with pytest.raises(APIResponseValidationError, match="acme answered with") as caught:
        answered(OLLAMA, reply)
    assert caught.value.model == "m"


@pytest.mark.parametrize("name", sorted(EMBEDDERS))
@pytest.mark.parametrize("reply", [b"{}", b"[]", b"3", b"null", b"[[]]", b'{"data": [{}]}', b'{"embeddings": {}}'])
def test_no_format_takes_an_odd_reply_for_an_answer(name: str, reply: bytes) -> None:
    with pytest.raises(APIResponseValidationError):
        answered(embedder_of(name), reply)


def test_an_error_behind_a_success_is_raised() -> None:
    with pytest.raises(RateLimitError, match="too many"):
        answered(OLLAMA, {"error": {"message": "too many", "code": 429}})


def test_the_vectors_of_odd_numbers_are_read() -> None:
    assert str(vectors(answered(OLLAMA, b'{"embeddings": [[1, NaN, 2.5]]}'))) == "[[1, nan, 2.5]]"


def test_the_model_is_the_one_asked_for_where_the_reply_names_none() -> None:
    assert answered(OLLAMA, {"embeddings": [[1.0]]}).model == "m"
    named = answered(OLLAMA, {"embeddings": [[1.0]], "model": "m:latest"})
    assert (named.model, named._hidden_params["provider_response_model"]) == ("m:latest", "m:latest")


@pytest.mark.parametrize("name", sorted(EMBEDDERS))
def test_a_failure_has_its_class_and_the_providers_words(name: str) -> None:
    head = ReplyHead(429, {"retry-after": "2"})
    error: APIError = embedder_of(name).error(head, b'{"message": "slow down"}', asked(), HERE)
    assert (type(error), error.status_code, error.retry_after) == (RateLimitError, 429, 2.0)
    assert "slow down" in str(error)
