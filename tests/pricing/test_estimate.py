"""How many tokens a request is likely to take."""

from typing import Any

import pytest

from aiollm.pricing.estimate import ATTACHMENT_BYTES, MESSAGE_BYTES, asked_output_tokens, prompt_bytes, text_bytes
from aiollm.types.parameters import EMBEDDING_PARAMS
from aiollm.types.request import Request


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("twelve bytes", 12),
        ("äöü", 6),
        ("\ud800", 1),
        (["ab", ("cd",)], 4),
        ({"name": "value"}, 9),
        ([1, 2.5, None, True], 12),
        ({"type": ["string", "null"]}, 14),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1_000_000}}, ATTACHMENT_BYTES),
        ({"type": "input_audio", "input_audio": {"data": "AAAA"}}, ATTACHMENT_BYTES),
    ],
)
def test_the_size_of_a_text(value: Any, size: int):
    assert text_bytes(value) == size


def test_a_prompt_is_its_messages_and_tools():
    messages = [{"role": "user", "content": "hello"}]
    plain = Request(model="m", messages=messages)
    assert prompt_bytes(plain) == len("roleusercontenthello") + MESSAGE_BYTES
    tools = [{"type": "function", "function": {"name": "weather"}}]
    assert prompt_bytes(Request(model="m", messages=messages, params={"tools": tools, "seed": 1})) > prompt_bytes(plain)


def test_the_prompt_of_other_apis_is_their_input():
    assert prompt_bytes(Request(model="m", messages=(), params={"input": "four", "instructions": "be kind"})) == 11
    assert prompt_bytes(Request(model="m", messages=(), params={"input": [[1, 2], [3]]})) == 12


def test_it_is_deep_without_recursion():
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    assert text_bytes(nested) == 0


@pytest.mark.parametrize(
    ("params", "tokens"),
    [
        ({}, None),
        ({"max_tokens": 10}, 10),
        ({"max_tokens": 10, "max_completion_tokens": 20}, 20),
        ({"max_output_tokens": 30}, 30),
        ({"max_tokens": 10, "n": 3}, 30),
        ({"max_tokens": 10, "n": None}, 10),
        ({"max_tokens": "many"}, None),
    ],
)
def test_what_the_request_bounds_the_answer_by(params: dict[str, Any], tokens: int | None):
    assert asked_output_tokens(Request(model="m", messages=(), params=params)) == tokens


def test_embeddings_have_no_answer():
    assert asked_output_tokens(Request(model="m", messages=(), params={"input": "a"}, known=EMBEDDING_PARAMS)) == 0
