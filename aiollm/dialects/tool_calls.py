"""Which call does a piece of a tool call belong to?

OpenAI numbers the pieces by `index` and names a call once, by `id` and function name, in its first piece. Others leave
the index out, repeat it for another call, send -1, repeat the id or the name in every piece, cut the name, send "" for
an id or the same id for every call, send arguments under the next index, or send whole calls at once (corpus of
recorded replies; reliability class A15).

The tracker keys on nothing: a call learns every id and index that it was seen under, and a piece goes to the call
that answers to its id, else to the latest one under its index, else to the latest of all; a new name opens a call, and
so does a new id under a new index. What comes out is OpenAI's
form: indexes from 0 in order of appearance; id, type and name once, with the first piece.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from aiollm.exceptions import EventTooLarge, ToolCallIncomplete
from aiollm.types.lenient import is_json
from aiollm.types.shape import EMPTY

__all__ = ["MAX_ARGUMENT_CHARACTERS", "ToolCallTracker", "incomplete_call"]

MAX_ARGUMENT_CHARACTERS = 16 * 1024 * 1024
"""Longest arguments of one choice's calls together; they are kept until the end, to see that they are whole."""


# What matters for where a JSON value ends; a backslash takes the next character with it.
_MARK = re.compile(r'\\.?|["{}\[\]]', re.DOTALL)


class _Call:
    __slots__ = ("_depth", "_in_string", "_looked_at", "_whole", "arguments", "id", "id_is_given", "name", "position")

    def __init__(self, position: int, call_id: str, *, id_is_given: bool) -> None:
        self.position = position
        self.id = call_id
        self.id_is_given = id_is_given
        self.name = ""
        self.arguments: list[str] = []
        self._whole: bool | None = None  # whether the arguments are a whole object; None until their last bracket
        self._looked_at = 0  # pieces of them, for that
        self._depth = 0
        self._in_string = False

    @property
    def closed(self) -> bool:
        """Whether the arguments are a whole object. Each piece is looked at once, and parsed at most once."""
        if self._whole is None and self.arguments and self.arguments[-1].rstrip().endswith("}"):
            waiting = "".join(self.arguments[self._looked_at :])
            self._looked_at = len(self.arguments)
            if self._brings_last_bracket(waiting):
                self._whole = self.complete
        return bool(self._whole)

    @property
    def complete(self) -> bool:
        return is_json("".join(self.arguments))

    def _brings_last_bracket(self, text: str) -> bool:
        for match in _MARK.finditer(text):
            mark = match.group()
            if mark == '"':
                self._in_string = not self._in_string
            elif not self._in_string and mark[0] != "\\":
                self._depth += 1 if mark in "{[" else -1
                if self._depth <= 0:
                    return True
        return False


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
        function: dict[str, Any] = piece.get("function") or {}
        name = function.get("name") or (piece.get("custom") or EMPTY).get("name") or ""
        arguments = _text(function.get("arguments"))
        given_id = piece.get("id") or ""
        index = piece.get("index")

        call = self._find(given_id, index, name)
        is_new = call is None
        if call is None:
            call = self._open(given_id)
        mention = self._new_part_of_name(call, name)
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
        if function or not piece.get("custom"):
            shown["function"] = {**function, "name": mention, "arguments": arguments}
        return shown

    def incomplete(self) -> ToolCallIncomplete | None:
        """Return the error for a call whose arguments are not whole JSON, or None if there is none."""
        broken = (call.name or call.id for call in self._calls if any(call.arguments) and not call.complete)
        return next(map(incomplete_call, broken), None)

    def _count(self, arguments: str) -> None:
        self._characters += len(arguments)
        if self._characters > MAX_ARGUMENT_CHARACTERS:
            raise EventTooLarge(
                f"the arguments of the tool calls are longer than their limit of {MAX_ARGUMENT_CHARACTERS} characters"
            )

    def _find(self, given_id: str, index: int | None, name: str) -> _Call | None:
        known = self._by_id.get(given_id)
        if known is not None:
            is_another = bool(name) and name != known.name and known.closed
            return None if is_another else known
        at_index = self._by_index.get(index) if isinstance(index, int) else None
        if name:
            return at_index if at_index is not None and not given_id and self._goes_on(at_index, name) else None
        if at_index is not None:
            return at_index
        is_another = bool(given_id) and isinstance(index, int)  # whose name comes later
        return self._calls[-1] if self._calls and not is_another else None

    @staticmethod
    def _goes_on(call: _Call, name: str) -> bool:
        """Whether a name belongs to a call: it opens another one, unless it is late, repeated, or the rest of a name.

        The rest of a name comes before any arguments, and without the id that another call would have there.
        """
        if call.name in ("", name):
            return not call.closed
        return call.id_is_given and not any(call.arguments)

    def _open(self, given_id: str) -> _Call:
        is_free = bool(given_id) and given_id not in self._by_id
        call = _Call(len(self._calls), given_id if is_free else f"call_{self._new_id()}", id_is_given=bool(given_id))
        self._calls.append(call)
        return call

    @staticmethod
    def _new_part_of_name(call: _Call, name: str) -> str | None:
        """Say a name once, as users join the names of the pieces."""
        if name in ("", call.name) or (call.name and any(call.arguments)):
            return None
        call.name += name
        return name


def incomplete_call(name: str) -> ToolCallIncomplete:
    """Return the error for a call of a tool whose arguments broke off."""
    return ToolCallIncomplete(
        f"the arguments of the tool call {name!r} are not whole JSON",
        hint="the answer so far is in `partial`; a larger max_tokens may help",
    )


def _text(arguments: Any) -> str:
    """Return arguments as JSON text; some providers send the object itself, or null."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()
