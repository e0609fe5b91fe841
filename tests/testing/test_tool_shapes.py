from __future__ import annotations

import json

import pytest

from aiollm.testing import EXPECTED_TOOL_CALLS, TOOL_SHAPES, finish, tool_deltas
from tests.testing.raw_client import answer_to


@pytest.mark.parametrize("shape", TOOL_SHAPES)
async def test_a_shape_is_sent_chunk_by_chunk(shape: str) -> None:
    answer = await answer_to(tool_deltas(shape), finish("tool_calls"))
    assert [delta["tool_calls"] for delta in answer.deltas[:-1]] == list(TOOL_SHAPES[shape])


@pytest.mark.parametrize("shape", TOOL_SHAPES)
def test_a_shape_says_the_expected_calls(shape: str) -> None:
    """The pieces of one call keep their order in every shape, so its parts can be picked out by what they say."""
    said: list[str] = []
    for chunk in TOOL_SHAPES[shape]:
        for piece in chunk:
            arguments = piece["function"].get("arguments")
            said.append(arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else "")
    names = {piece["function"].get("name") for chunk in TOOL_SHAPES[shape] for piece in chunk} - {None, ""}
    assert names == {name for name, _ in EXPECTED_TOOL_CALLS}
    for _, arguments in EXPECTED_TOOL_CALLS:
        (key,) = arguments
        mine = [text for text in said if key in text or arguments[key] in text]
        assert json.loads("".join(mine)) == arguments


def test_shapes_differ_from_each_other() -> None:
    assert len({json.dumps(shape) for shape in TOOL_SHAPES.values()}) == len(TOOL_SHAPES)
