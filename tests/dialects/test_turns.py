from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from aiollm.dialects.turns import Block, Message, Reader, call_arguments, call_id, named_function, system_and_turns
from aiollm.exceptions import BadRequestError


def blocks(message: Message, place: str) -> list[Block]:
    return [{"text": message["content"], "place": place}] if message["content"] else []


def marked(found: list[Block], message: Message) -> list[Block]:
    return [*found, {"mark": True}] if "cache_control" in message else found


READERS: Mapping[str, Reader] = dict.fromkeys(("system", "developer", "user", "assistant", "tool"), blocks)


def turns(*messages: tuple[str, str]) -> tuple[list[Any], list[Any]]:
    asked = [{"role": role, "content": content} for role, content in messages]
    system, found = system_and_turns(asked, READERS, marked, asked="The model")
    said = [(turn["role"], [block["text"] for block in turn["content"]]) for turn in found]
    return [block["text"] for block in system], said


def test_system_messages_before_the_first_turn_are_the_prompt() -> None:
    asked = turns(("system", "a"), ("developer", "b"), ("user", "c"))
    assert asked == (["a", "b"], [("user", ["c"])])


def test_one_in_the_middle_is_told_in_the_users_turn() -> None:
    asked = turns(("user", "a"), ("assistant", "b"), ("system", "c"), ("user", "d"))
    assert asked == ([], [("user", ["a"]), ("assistant", ["b"]), ("user", ["[System message]\nc", "d"])])


def test_neighbours_of_a_side_are_one_turn_and_empty_messages_none() -> None:
    asked = turns(("user", "a"), ("assistant", ""), ("tool", "b"), ("assistant", "c"))
    assert asked == ([], [("user", ["a", "b"]), ("assistant", ["c"])])


def test_a_mark_stands_behind_its_message() -> None:
    asked = [{"role": "system", "content": "a", "cache_control": {}}, {"role": "user", "content": "b"}]
    system, _ = system_and_turns(asked, READERS, marked, asked="The model")
    assert system[-1] == {"mark": True}


def test_somebody_must_say_something() -> None:
    with pytest.raises(BadRequestError, match="The model needs one to answer") as caught:
        turns(("system", "a"), ("user", ""))
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    ("given", "meant"), [(None, {}), ("", {}), (" ", {}), ({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1})]
)
def test_the_arguments_of_a_call(given: Any, meant: dict[str, Any]) -> None:
    assert call_arguments(given, "here") == meant


@pytest.mark.parametrize("given", ["{", "[1]", "null", 7])
def test_arguments_that_are_no_object_are_refused(given: Any) -> None:
    with pytest.raises(BadRequestError, match="here must be a JSON object"):
        call_arguments(given, "here")


@pytest.mark.parametrize("call", [{}, {"function": None}, {"function": {"name": ""}}])
def test_a_call_must_name_a_function(call: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match="here is not the call of a function with a name"):
        named_function(call, "here")


@pytest.mark.parametrize("value", [None, "", 7])
def test_a_call_must_have_an_id(value: Any) -> None:
    with pytest.raises(BadRequestError, match="here must be the id of the call"):
        call_id(value, "here")
