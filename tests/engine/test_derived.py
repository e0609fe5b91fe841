"""What is made of a stream while it comes: arguments of tools, and objects."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm import APIResponseValidationError, EventTooLarge, StreamCancelled, StreamInterrupted, ToolCallIncomplete
from aiollm.structured import tool_arguments
from aiollm.structured.partial_json import PartialJSON
from aiollm.testing import ProviderServer, cut, delta, done, finish, role, stall, tokens
from tests.engine.calling import arguments, opened
from tests.structured.recipes import WHOLE, AttrsRecipe, DictRecipe, PydanticRecipe, told


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


def piece(text: str, index: int = 0, **first: Any) -> Any:
    """A step that sends a piece of a call's arguments."""
    named = {"name": first.pop("name")} if "name" in first else {}
    return delta({"tool_calls": [{"index": index, **first, "function": {**named, "arguments": text}}]})


CALLS = [
    role(),
    piece("", id="a", name="weather"),
    piece('{"city": "Pa'),
    piece('ris", "days": 1'),
    piece("2}"),
    piece("", 1, id="b", name="now"),
    finish("tool_calls"),
    done(),
]

# -- arguments of tools


async def test_arguments_grow_and_are_whole_once(server: ProviderServer) -> None:
    server.script(CALLS)
    seen = []
    async for event in (await opened(server)).tool_arguments():
        value = json.loads(json.dumps(event.value))
        seen.append((event.index, event.id, event.name, event.added, value, event.complete))
    assert seen == [
        (0, "a", "weather", "", None, False),
        (0, "a", "weather", '{"city": "Pa', {"city": "Pa"}, False),
        (0, "a", "weather", 'ris", "days": 1', {"city": "Paris"}, False),
        (0, "a", "weather", "2}", {"city": "Paris", "days": 12}, False),
        (0, "a", "weather", "", {"city": "Paris", "days": 12}, True),
        (1, "b", "now", "", None, False),
        (1, "b", "now", "", {}, True),
    ]


async def test_a_stream_of_text_has_no_arguments(server: ProviderServer) -> None:
    server.reply("just text")
    assert [event async for event in (await opened(server)).tool_arguments()] == []


async def test_a_whole_answer_split_into_chunks_has_them_too(server: ProviderServer) -> None:
    server.script(CALLS)
    whole = await (await opened(server)).final()
    stream = await opened(server, mock_response=whole.model_dump())
    complete = [event.value async for event in stream.tool_arguments() if event.complete]
    assert complete == [{"city": "Paris", "days": 12}, {}]


async def test_arguments_that_are_no_json_are_an_error(server: ProviderServer) -> None:
    server.script([role(), piece("{city: Paris", id="a", name="weather"), stall(heartbeat=0.5)])
    events = (await opened(server)).tool_arguments()
    with pytest.raises(ToolCallIncomplete, match="'weather' are no JSON: 'city'") as caught:
        await anext(events)
    assert caught.value.partial.choices[0].message.tool_calls[0].function.name == "weather"
    assert (await server.wait_for_disconnect(0)).disconnected_by == "client"
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_arguments_that_break_off_are_an_error(server: ProviderServer) -> None:
    server.script([role(), piece('{"city": "Pa', id="a", name="weather"), finish("length"), done()])
    with pytest.raises(ToolCallIncomplete, match="'weather' are not whole"):
        await (await opened(server)).tool_arguments().final()


async def test_arguments_that_are_too_much_are_an_error(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_arguments, "PartialJSON", lambda: PartialJSON(max_characters=20))
    server.script(CALLS)
    with pytest.raises(EventTooLarge, match="longer than 20 characters"):
        await (await opened(server)).tool_arguments().final()


async def test_a_cut_stream_raises_as_it_does(server: ProviderServer) -> None:
    server.script([*CALLS[:3], cut()])
    with pytest.raises(StreamInterrupted):
        await (await opened(server)).tool_arguments().final()


async def test_leaving_the_arguments_closes_the_connection(server: ProviderServer) -> None:
    server.script([*CALLS[:3], stall(heartbeat=0.5)])
    async for _ in (await opened(server)).tool_arguments():
        break
    assert (await server.wait_for_disconnect(0)).disconnected_by == "client"


async def test_a_new_answer_in_the_middle_begins_the_arguments_anew(server: ProviderServer) -> None:
    server.enqueue([*CALLS[:3], cut()], CALLS)
    stream = await opened(server, mid_stream="restart")
    values = [event.value async for event in stream.tool_arguments() if event.complete]
    assert values == [{"city": "Paris", "days": 12}, {}]
    assert len(server.log) == 2


# -- objects


@pytest.mark.parametrize("kind", [AttrsRecipe, PydanticRecipe, DictRecipe])
async def test_drafts_come_and_then_the_answer(server: ProviderServer, kind: Any) -> None:
    server.script([role(), tokens(["", *WHOLE]), finish(), done()])
    seen = [told(recipe) async for recipe in (await opened(server, response_format=kind)).parsed(kind)]
    assert seen[0] == (None, [])
    assert ("To", []) in seen
    assert ("Toast", [("Cu", 5)]) in seen
    assert seen[-1] == ("Toast", [("Cut", 1), ("Eat", 2)])
    assert server.log[0].json["response_format"]["json_schema"]["name"] == kind.__name__


async def test_the_answer_alone(server: ProviderServer) -> None:
    server.reply(WHOLE)
    parsed = (await opened(server)).parsed(AttrsRecipe)
    recipe = await parsed.final()
    assert recipe.steps[1].text == "Eat"
    with pytest.raises(StreamCancelled, match="nothing is left"):
        await parsed.final()


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([tokens("I cannot do that"), finish()], "no JSON: 'I'"),
        ([tokens('{"title": 5}'), finish()], "title"),
        ([tokens('{"title": "To'), finish("length")], "larger max_tokens"),
        ([delta({"refusal": "I will not."}), finish()], "the model refused: I will not."),
        ([finish()], "truncated"),
    ],
)
async def test_an_answer_of_another_shape_is_an_error(server: ProviderServer, steps: Any, words: str) -> None:
    server.script([role(), *steps, done()])
    with pytest.raises(APIResponseValidationError, match=f"(?s)the answer is no AttrsRecipe: .*{words}") as caught:
        await (await opened(server)).parsed(AttrsRecipe).final()
    assert caught.value.partial.choices[0].finish_reason in ("stop", "length", None)


async def test_what_is_no_class_to_answer_in_is_refused(server: ProviderServer) -> None:
    server.reply(WHOLE)
    stream = await opened(server)
    with pytest.raises(TypeError, match="pydantic, attrs"):
        stream.parsed(dict)
    await stream.aclose()


# -- blocking


def test_the_blocking_stream_has_them_too() -> None:
    with ProviderServer() as server:
        server.script(CALLS)
        stream = aiollm.completion(**arguments(server, stream=True))
        assert next(event.value for event in stream.tool_arguments() if event.complete) == {"city": "Paris", "days": 12}
        server.script([role(), tokens([*WHOLE]), finish(), done()])
        *_, recipe = aiollm.completion(**arguments(server, stream=True)).parsed(AttrsRecipe)
        assert told(recipe) == ("Toast", [("Cut", 1), ("Eat", 2)])
        server.script([*CALLS[:2], piece("{city"), stall(heartbeat=0.5)])
        with pytest.raises(ToolCallIncomplete) as caught:
            list(aiollm.completion(**arguments(server, stream=True)).tool_arguments())
        assert caught.value.partial.choices[0].message.tool_calls
        server.run(server.wait_for_disconnect(2))
