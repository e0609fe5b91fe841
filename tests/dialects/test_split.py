from __future__ import annotations

from collections.abc import Iterable

from aiollm.dialects.assembly import Assembler
from aiollm.dialects.split import split_response
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import Choices, ModelResponse


def built(chunks: Iterable[ModelResponseStream]) -> ModelResponse:
    assembler = Assembler()
    for chunk in chunks:
        assembler.add(chunk)
    response = assembler.response()
    assert response is not None
    return response


def test_a_split_answer_is_the_same_when_it_is_put_together() -> None:
    response = ModelResponse(
        id="r",
        created=7,
        model="m",
        service_tier="flex",
        citations=["x"],
        choices=[
            Choices(
                index=0,
                finish_reason="length",
                message={"content": "a", "reasoning_content": "b", "odd": 1},
                stop_reason=5,
            ),
            Choices(
                index=1,
                finish_reason="tool_calls",
                message={"tool_calls": [{"id": "i", "function": {"name": "f", "arguments": "{}"}}]},
            ),
        ],
    )
    chunks = list(split_response(response))
    assert [choice.finish_reason for one in chunks for choice in one.choices] == [None, "length", None, "tool_calls"]
    assert [choice.delta.role for one in chunks for choice in one.choices] == ["assistant", None, "assistant", None]
    assert [one.get("citations") for one in chunks] == [["x"], None, None, None]
    assert built(chunks) == response


def test_what_providers_add_to_a_choice_and_a_call_survives_the_split() -> None:
    call = {"id": "a", "index": 5, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    choice = Choices(message={"tool_calls": [call]}, provider_specific_fields={"seed": 1}, finish_reason="tool_calls")
    again = built(split_response(ModelResponse(id="r", choices=[choice])))
    assert again.choices[0].provider_specific_fields == {"seed": 1}
    assert again.choices[0].message.tool_calls[0].function.name == "f"
