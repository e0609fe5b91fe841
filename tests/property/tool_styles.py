"""How servers number, name and cut the pieces of streamed tool calls (reliability class A15), one rule a style.

A style says what the n-th piece of the m-th call has beside its arguments. All of them mean the same calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from attrs import frozen

Piece: TypeAlias = "dict[str, Any]"
Rule: TypeAlias = "Callable[[int, int], Any]"  # of the call's number and the piece's, from 0
NameRule: TypeAlias = "Callable[[int, str], Any]"  # of the piece's number and the name
ABSENT, NO_HEAD = object(), object()


@frozen
class Call:
    """A call as it is meant, and the pieces that its arguments come in."""

    name: str
    arguments: tuple[str, ...]


@frozen
class Style:
    """One server's habit.

    Attributes:
        index, id: what a piece says of them; ABSENT for no such member.
        name: what a piece says of the function's name.
        mixed: the pieces of several calls may come in any order, as something in each piece tells them apart.
        head: the first piece has no arguments, as OpenAI's has none: "", null, or ABSENT.
        whole: the arguments come in one piece.
        trailing: pieces may follow that add nothing to whole arguments.
    """

    index: Rule
    id: Rule
    name: NameRule
    mixed: bool = False
    head: Any = NO_HEAD
    whole: bool = False
    trailing: bool = True

    def pieces(self, number: int, call: Call) -> list[Piece]:
        """The pieces of one call, in order."""
        arguments: list[Any] = ["".join(call.arguments)] if self.whole else list(call.arguments)
        if self.head is not NO_HEAD:
            arguments.insert(0, self.head)
        if not self.trailing:
            arguments = [part for part in arguments if part] or [""]
        return [self._piece(number, place, call.name, part) for place, part in enumerate(arguments)]

    def _piece(self, number: int, place: int, name: str, arguments: Any) -> Piece:
        function = {"name": self.name(place, name), "arguments": arguments}
        piece = {
            "index": self.index(number, place),
            "id": self.id(number, place),
            "type": "function" if place == 0 else ABSENT,
            "function": present(function),
        }
        return present(piece)


def present(members: Piece) -> Piece:
    return {name: value for name, value in members.items() if value is not ABSENT}


def always(value: Any) -> Rule:
    return lambda call, piece: value


def once(value: str, later: Any = ABSENT) -> Rule:
    """Say something in a call's first piece, and perhaps something else later."""
    return lambda call, piece: value.format(call) if piece == 0 else later


def numbered(value: str) -> Rule:
    """Say the call's number in every piece, and perhaps the piece's."""
    return value.format


def own_index(call: int, piece: int) -> int:
    return call


def named_in(place: int, otherwise: Any = ABSENT) -> NameRule:
    return lambda piece, name: name if piece == place else otherwise


def named_always(piece: int, name: str) -> str:
    return name


def named_in_two_pieces(piece: int, name: str) -> Any:
    return (name[:3], name[3:], ABSENT)[min(piece, 2)]


ID, NAME, ABSENTLY = once("call_{}"), named_in(0), always(ABSENT)

STYLES: dict[str, Style] = {
    "OpenAI's": Style(own_index, ID, NAME, mixed=True, head=""),
    "arguments from the first piece on": Style(own_index, ID, NAME, mixed=True),
    "no arguments in the first piece": Style(own_index, ID, NAME, mixed=True, head=ABSENT),
    "null arguments in the first piece": Style(own_index, ID, NAME, mixed=True, head=None),
    "whole calls": Style(own_index, ID, NAME, mixed=True, whole=True),
    "whole calls without index": Style(ABSENTLY, ID, NAME, mixed=True, whole=True),
    "whole calls without index and id": Style(ABSENTLY, ABSENTLY, NAME, mixed=True, whole=True),
    "indexes from 5 down": Style(lambda call, piece: 5 - call, ID, NAME, mixed=True),
    "one index for all": Style(always(0), ID, NAME),
    "one index for all, the id in every piece": Style(always(0), numbered("call_{}"), NAME, mixed=True),
    "one index for all, names without ids": Style(always(0), ABSENTLY, NAME, whole=True),
    "no index": Style(ABSENTLY, ID, NAME),
    "no index, the id in every piece": Style(ABSENTLY, numbered("call_{}"), NAME, mixed=True),
    "null for an index": Style(always(None), ID, NAME),
    "-1 for an index": Style(always(-1), ID, NAME),
    "no id": Style(own_index, ABSENTLY, NAME, mixed=True),
    "no id and no index": Style(ABSENTLY, ABSENTLY, NAME),
    "an empty id in every piece": Style(own_index, always(""), NAME, mixed=True),
    "an empty id in later pieces": Style(own_index, once("call_{}", ""), NAME, mixed=True),
    "null for an id in later pieces": Style(own_index, once("call_{}", None), NAME, mixed=True),
    "the id in every piece": Style(own_index, numbered("call_{}"), NAME, mixed=True),
    "another id in every piece": Style(own_index, numbered("call_{}_{}"), NAME, mixed=True),
    "the name in every piece": Style(own_index, ID, named_always, mixed=True, trailing=False),
    "the id and the name in every piece": Style(always(0), numbered("call_{}"), named_always, mixed=True),
    "the name in every piece and no id": Style(own_index, ABSENTLY, named_always, mixed=True, trailing=False),
    "an empty name in later pieces": Style(own_index, ID, named_in(0, ""), mixed=True),
    "null for a name in later pieces": Style(own_index, ID, named_in(0, None), mixed=True),
    "the name in the second piece": Style(own_index, ID, named_in(1), mixed=True, head=""),
    "the name in two pieces": Style(own_index, ID, named_in_two_pieces, mixed=True, head=""),
    "the name in two pieces, the id in both": Style(
        always(0), numbered("call_{}"), named_in_two_pieces, mixed=True, head=""
    ),
    "arguments on the next index": Style(lambda call, piece: 2 * call + (piece > 0), ID, NAME, head=""),
    "arguments on the next call's index": Style(lambda call, piece: call + (piece > 0), ID, NAME, head=""),
}


def chunks_of(groups: Sequence[Sequence[Piece]], finish: str = "tool_calls") -> list[dict[str, Any]]:
    """The chunks of a stream, each with a group of pieces, and the last with the finish reason."""
    deltas = [{"index": 0, "delta": {"tool_calls": list(group)}, "finish_reason": None} for group in groups]
    return [{"choices": [choice]} for choice in (*deltas, {"index": 0, "delta": {}, "finish_reason": finish})]
