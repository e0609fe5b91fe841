"""The ways servers are known to number and name the pieces of streamed tool calls, all of the same two calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from aiollm.testing.openai_steps import deltas
from aiollm.testing.step import Step, require
from aiollm.types.nearest import nearest

Piece: TypeAlias = "dict[str, Any]"
_MISSING = object()

EXPECTED_TOOL_CALLS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("get_weather", {"city": "Paris"}),
    ("get_time", {"zone": "UTC"}),
)
"""What every shape says: the name and the parsed arguments of each call, in order."""

_WEATHER = ('{"city": ', '"Paris"}')
_TIME = ('{"zone": ', '"UTC"}')


def tool_deltas(shape: str, *, gap: float = 0.0) -> Step:
    """Send two tool calls in one of the shapes of `TOOL_SHAPES`, each of which means `EXPECTED_TOOL_CALLS`.

    Raises:
        ScriptError: there is no such shape; the message lists near names.
    """
    near = nearest(shape, TOOL_SHAPES) or sorted(TOOL_SHAPES)
    require(shape in TOOL_SHAPES, f"tool_deltas: no shape {shape!r}; did you mean one of {', '.join(near)}?")
    chunks = ([{"index": 0, "delta": {"tool_calls": c}, "finish_reason": None}] for c in TOOL_SHAPES[shape])
    return deltas(f"tool_deltas({shape!r})", *chunks, gap=gap)


def _piece(index: Any, arguments: Any = _MISSING, *, id: Any = _MISSING, name: Any = _MISSING) -> Piece:
    """A piece of a call, with only the members that are given."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not _MISSING}
    members = {"index": index, "id": id, "type": "function" if name is not _MISSING else _MISSING}
    return {**{key: value for key, value in members.items() if value is not _MISSING}, "function": function}


_FIRST = _piece(0, "", id="call_a", name="get_weather")
_SECOND = _piece(1, "", id="call_b", name="get_time")
_FIRST_REST = [[_piece(0, part)] for part in _WEATHER]
_SECOND_REST = [[_piece(1, part)] for part in _TIME]

TOOL_SHAPES: dict[str, Sequence[Sequence[Piece]]] = {
    "standard": [[_FIRST], *_FIRST_REST, [_SECOND], *_SECOND_REST],
    "two_in_first_chunk": [[_FIRST, _SECOND], *_FIRST_REST, *_SECOND_REST],
    "interleaved": [[_FIRST], [_SECOND], *(c for pair in zip(_FIRST_REST, _SECOND_REST, strict=True) for c in pair)],
    "reversed_in_chunk": [[_SECOND, _FIRST], *_SECOND_REST, *_FIRST_REST],
    "whole_calls": [
        [_piece(0, "".join(_WEATHER), id="call_a", name="get_weather")],
        [_piece(1, "".join(_TIME), id="call_b", name="get_time")],
    ],
    "reused_index": [
        [_FIRST],
        *_FIRST_REST,
        [_piece(0, "", id="call_b", name="get_time")],
        *([_piece(0, part)] for part in _TIME),
    ],
    "missing_index": [
        [_piece(_MISSING, "", id="call_a", name="get_weather")],
        *([_piece(_MISSING, part)] for part in _WEATHER),
        [_piece(_MISSING, "", id="call_b", name="get_time")],
        *([_piece(_MISSING, part)] for part in _TIME),
    ],
    "null_index": [
        [_piece(None, "", id="call_a", name="get_weather")],
        *([_piece(None, part)] for part in _WEATHER),
        [_piece(None, "", id="call_b", name="get_time")],
        *([_piece(None, part)] for part in _TIME),
    ],
    "id_repeated": [
        [_FIRST],
        *([_piece(0, part, id="call_a")] for part in _WEATHER),
        [_SECOND],
        *([_piece(1, part, id="call_b")] for part in _TIME),
    ],
    "id_and_name_repeated": [
        [_FIRST],
        *([_piece(0, part, id="call_a", name="get_weather")] for part in _WEATHER),
        [_SECOND],
        *([_piece(1, part, id="call_b", name="get_time")] for part in _TIME),
    ],
    "id_empty": [
        [_FIRST],
        *([_piece(0, part, id="", name="")] for part in _WEATHER),
        [_SECOND],
        *([_piece(1, part, id="", name="")] for part in _TIME),
    ],
    "id_null": [
        [_FIRST],
        *([_piece(0, part, id=None, name=None)] for part in _WEATHER),
        [_SECOND],
        *([_piece(1, part, id=None, name=None)] for part in _TIME),
    ],
    "no_id_at_all": [
        [_piece(0, "", name="get_weather")],
        *_FIRST_REST,
        [_piece(1, "", name="get_time")],
        *_SECOND_REST,
    ],
    "arguments_on_next_index": [
        [_piece(0, "", id="call_a", name="get_weather")],
        *([_piece(1, part)] for part in _WEATHER),
        [_piece(2, "", id="call_b", name="get_time")],
        *([_piece(3, part)] for part in _TIME),
    ],
    "indexes_from_one": [
        [_piece(1, "", id="call_a", name="get_weather")],
        *([_piece(1, part)] for part in _WEATHER),
        [_piece(2, "", id="call_b", name="get_time")],
        *([_piece(2, part)] for part in _TIME),
    ],
    "arguments_null_first": [
        [_piece(0, None, id="call_a", name="get_weather")],
        *_FIRST_REST,
        [_piece(1, id="call_b", name="get_time")],
        *_SECOND_REST,
    ],
    "arguments_as_object": [
        [_piece(0, {"city": "Paris"}, id="call_a", name="get_weather")],
        [_piece(1, {"zone": "UTC"}, id="call_b", name="get_time")],
    ],
}
"""The chunks of each shape, every chunk a list of the pieces in its `tool_calls`."""
