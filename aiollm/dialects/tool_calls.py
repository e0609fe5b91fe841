"""Which call does a piece of a tool call belong to?

OpenAI numbers the pieces by `index` and names a call once, by `id` and function name, in its first piece. Others leave
the index out, repeat it for another call, send -1, repeat the id or the name in every piece, send "" for an id, send
arguments under the next index, or send whole calls at once (corpus of recorded replies; reliability class A15).

The tracker keys on nothing: a call learns every id and index that it was seen under, and a piece goes to the call
that answers to its id, else to the latest one under its index, else to the latest of all. What comes out is OpenAI's
form: indexes from 0 in order of appearance; id, type and name once, with the first piece.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from aiollm.exceptions import EventTooLarge
from aiollm.types.lenient import is_json

__all__ = ["MAX_ARGUMENT_CHARACTERS", "ToolCallTracker"]

MAX_ARGUMENT_CHARACTERS = 16 * 1024 * 1024
"""Longest arguments of one choice's calls together; they are kept until the end, to see that they are whole."""


class _Call:
    __slots__ = ("arguments", "id", "name", "position")

    def __init__(self, position: int) -> None:
        self.position = position
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []

    @property
    def closed(self) -> bool:
        """Whether the arguments are a whole object. Pieces that cannot end one cost nothing."""
        return bool(self.arguments) and self.arguments[-1].rstrip().endswith("}") and self.complete

    @property
    def complete(self) -> bool:
        return is_json("".join(self.arguments))


class ToolCallTracker:
    """Puts the pieces of one choice's tool calls in order.

    Args:
        new_id: gives a random identifier, for providers that send none (a tool result must name the call it answers).

    Raises:
        EventTooLarge: the arguments are longer than `MAX_ARGUMENT_CHARACTERS`.
    """

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._calls: list[_Call] = []
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[int, _Call] = {}
        self._characters = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def normalise(self, piece: dict[str, Any]) -> dict[str, Any]:
        """Return the piece in OpenAI's form. Members that OpenAI does not have are kept."""
        function = piece.get("function") or {}
        name = function.get("name") or (piece.get("custom") or {}).get("name") or ""
        arguments = _text(function.get("arguments"))
        given_id = piece.get("id") or ""
        index = piece.get("index")

        call = self._find(given_id, index, name)
        is_new = call is None
        if call is None:
            call = self._open(given_id)
        if given_id:
            self._by_id[given_id] = call
        if isinstance(index, int):
            self._by_index[index] = call
        self._count(arguments)
        call.arguments.append(arguments)

        shown = {key: value for key, value in piece.items() if key not in ("id", "index", "type", "function")}
        shown["index"] = call.position
        if is_new:
            shown["id"] = call.id
            shown["type"] = piece.get("type") or "function"
        mention = self._first_mention(call, name)
        if function or not piece.get("custom"):
            shown["function"] = {**function, "name": mention, "arguments": arguments}
        return shown

    def incomplete(self) -> str | None:
        """Return the name of a call whose arguments are not whole JSON, or None if there is none."""
        return next((call.name or call.id for call in self._calls if any(call.arguments) and not call.complete), None)

    def _count(self, arguments: str) -> None:
        self._characters += len(arguments)
        if self._characters > MAX_ARGUMENT_CHARACTERS:
            raise EventTooLarge(
                f"the arguments of the tool calls are longer than their limit of {MAX_ARGUMENT_CHARACTERS} characters"
            )

    def _find(self, given_id: str, index: int | None, name: str) -> _Call | None:
        if given_id in self._by_id:
            return self._by_id[given_id]
        at_index = self._by_index.get(index) if isinstance(index, int) else None
        if name:
            # A name opens a call, unless it is repeated while the call's arguments are still coming.
            continues = at_index is not None and at_index.name in ("", name) and not (given_id or at_index.closed)
            return at_index if continues else None
        if at_index is not None:
            return at_index
        return self._calls[-1] if self._calls else None

    def _open(self, given_id: str) -> _Call:
        call = _Call(len(self._calls))
        call.id = given_id or f"call_{self._new_id()}"
        self._calls.append(call)
        return call

    @staticmethod
    def _first_mention(call: _Call, name: str) -> str | None:
        """Name a call once: users join the names of the pieces."""
        if call.name or not name:
            return None
        call.name = name
        return name


def _text(arguments: Any) -> str:
    """Return arguments as JSON text; some providers send the object itself, or null."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()
