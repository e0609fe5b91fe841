"""Chat messages as a system prompt and turns: what Claude's own format and Bedrock's Converse have in common.

Turns of the same role are one turn; a tool's result is part of the user's. A system message in the middle is told to
the model in the user's turn: Converse has one system prompt, before all turns, and only some models of Claude's take it
as a message of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiollm.dialects.body import misplaced
from aiollm.types.lenient import lenient_json
from aiollm.types.shape import JSON, is_mapping

__all__ = ["Block", "Message", "Reader", "Turn", "call_arguments", "call_id", "named_function", "system_and_turns"]

Block = dict[str, Any]
Turn = dict[str, Any]
Message = Mapping[str, Any]
Reader = Callable[[Message, str], list[Block]]
"""Gives the blocks of a message, which is at a place."""

_SYSTEM = ("system", "developer")


def system_and_turns(
    messages: Sequence[Message],
    readers: Mapping[str, Reader],
    mark: Callable[[list[Block], Message], list[Block]],
    *,
    asked: str,
) -> tuple[list[Block], list[Turn]]:
    """Return the blocks of the system prompt, and the turns.

    Args:
        messages: chat messages in OpenAI's shape.
        readers: a role -> what gives the blocks of its messages.
        mark: puts a message's `cache_control` on its blocks.
        asked: who is asked, for messages.

    Raises:
        BadRequestError: a message cannot be said in these terms, or there is none but of the system.
    """
    system: list[Block] = []
    turns: list[Turn] = []
    for position, message in enumerate(messages):
        role = message["role"]
        blocks = readers[role](message, f"messages[{position}]")
        if role in _SYSTEM and not turns:
            system += mark(blocks, message)
            continue
        blocks = mark([_told(block) for block in blocks] if role in _SYSTEM else blocks, message)
        if not blocks:
            continue
        side = "assistant" if role == "assistant" else "user"
        if turns and turns[-1]["role"] == side:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": side, "content": blocks})
    if not turns:
        raise misplaced("messages", f"has no message of the user's that says anything: {asked} needs one to answer")
    return system, turns


def named_function(call: Message, place: str) -> Message:
    """Return the function that a tool call of a message names.

    Raises:
        BadRequestError: it names none.
    """
    function: JSON = call.get("function")
    if not isinstance(function, Mapping) or not function.get("name"):
        raise misplaced(place, "is not the call of a function with a name")
    return function


def call_arguments(arguments: Any, place: str) -> dict[str, Any]:
    """Return a call's arguments as the object that they are, or that their text says; nothing is an empty one.

    Raises:
        BadRequestError: they are no object.
    """
    if is_mapping(arguments):
        return dict(arguments)
    try:
        value: JSON = lenient_json(arguments.encode()) if arguments and not arguments.isspace() else {}
    except (AttributeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise misplaced(place, "must be a JSON object")
    return value


def call_id(value: Any, place: str) -> str:
    """Return the id of a call.

    Raises:
        BadRequestError: it is none.
    """
    if not isinstance(value, str) or not value:
        raise misplaced(place, "must be the id of the call")
    return value


def _told(block: Block) -> Block:
    return {**block, "text": f"[System message]\n{block['text']}"} if "text" in block else block
