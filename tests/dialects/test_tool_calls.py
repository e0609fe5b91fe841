"""Which call a piece belongs to."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from aiollm.dialects import tool_calls as module
from aiollm.dialects.tool_calls import MAX_ARGUMENT_CHARACTERS, ToolCallTracker
from aiollm.exceptions import EventTooLarge
from aiollm.testing.tool_shapes import EXPECTED_TOOL_CALLS, TOOL_SHAPES
from tests.dialects.reading import cut, read, tool_calls


def piece(name: str | None = None, arguments: Any = "", **members: Any) -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {**members, "function": function}


def tracker() -> ToolCallTracker:
    numbers = itertools.count(1)
    return ToolCallTracker(lambda: f"id{next(numbers)}")


def joined(*pieces: dict[str, Any]) -> list[tuple[str | None, str, str]]:
    """Id, name and arguments of each call, joined as users join them."""
    track = tracker()
    calls: dict[int, list[Any]] = {}
    for given in pieces:
        shown = track.normalise(given)
        call = calls.setdefault(shown["index"], [shown.get("id"), "", ""])
        call[1] += shown["function"]["name"] or ""
        call[2] += shown["function"]["arguments"]
    assert sorted(calls) == list(range(len(calls)))
    return [(call[0], call[1], call[2]) for _, call in sorted(calls.items())]


MORE_SHAPES: dict[str, list[list[dict[str, Any]]]] = {
    "index_minus_one": [
        [piece("get_weather", '{"city": "Paris"}', index=-1, id="a")],
        [piece("get_time", '{"zone": "UTC"}', index=-1, id="b")],
    ],
    "id_empty_and_no_index": [
        [piece("get_weather", '{"city": "Paris"}', id=""), piece("get_time", '{"zone": "UTC"}', id="")],
    ],
    "interleaved_by_id_only": [
        [piece("get_weather", "", id="a"), piece("get_time", "", id="b")],
        [piece(None, '{"city": ', id="a"), piece(None, '{"zone": ', id="b")],
        [piece(None, '"Paris"}', id="a"), piece(None, '"UTC"}', id="b")],
    ],
    "another_id_in_every_piece": [
        [piece("get_weather", "", index=0, id="a1")],
        [piece(None, '{"city": "Paris"}', index=0, id="a2")],
        [piece("get_time", "", index=1, id="b1")],
        [piece(None, '{"zone": "UTC"}', index=1, id="b2")],
    ],
    "name_repeated_without_id": [
        [piece("get_weather", '{"city": ', index=0)],
        [piece("get_weather", '"Paris"}', index=0)],
        [piece("get_time", '{"zone": ', index=1)],
        [piece("get_time", '"UTC"}', index=1)],
    ],
    "whole_calls_without_id_under_one_index": [
        [piece("get_weather", '{"city": "Paris"}', index=0)],
        [piece("get_time", '{"zone": "UTC"}', index=0)],
    ],
}
SHAPES = {**{name: list(map(list, shape)) for name, shape in TOOL_SHAPES.items()}, **MORE_SHAPES}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_known_shape_means_the_same_calls(shape: str) -> None:
    chunks = [{"choices": [{"index": 0, "delta": {"tool_calls": calls}}]} for calls in SHAPES[shape]]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    body = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    whole = read([body])
    assert whole.error is None
    found = {(call["name"], call["arguments"]) for call in tool_calls(whole)}
    assert {(name, json.dumps(json.loads(text))) for name, text in found} == {
        (name, json.dumps(dict(arguments))) for name, arguments in EXPECTED_TOOL_CALLS
    }
    ids = [call["id"] for call in tool_calls(whole)]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assembled = whole.decoder.partial().choices[0].message.tool_calls
    assert [(call.id, call.function.name) for call in assembled] == [
        (call["id"], call["name"]) for call in tool_calls(whole)
    ]
    assert read([body[i : i + 1] for i in range(len(body))]).outcome == whole.outcome
    assert read(cut(body, range(0, len(body), 13))).outcome == whole.outcome


def test_the_same_function_may_be_called_twice_under_one_index() -> None:
    assert joined(piece("f", '{"a":1}', index=0), piece("f", '{"a":2}', index=0)) == [
        ("call_id1", "f", '{"a":1}'),
        ("call_id2", "f", '{"a":2}'),
    ]


def test_id_type_and_name_come_once() -> None:
    track = tracker()
    first = track.normalise(piece("f", "{", index=0, id="a", type="function"))
    second = track.normalise(piece("f", "}", index=0, id="a", type="function"))
    assert first == {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{"}}
    assert second == {"index": 0, "function": {"name": None, "arguments": "}"}}


def test_a_name_may_come_after_the_first_piece() -> None:
    assert joined(piece(None, "", index=0, id="a"), piece("f", "{}", index=0)) == [("a", "f", "{}")]


def test_members_that_openai_does_not_have_are_kept() -> None:
    shown = tracker().normalise(piece("f", "", index=0, id="a", extra_content={"x": 1}))
    assert shown["extra_content"] == {"x": 1}


@pytest.mark.parametrize(("arguments", "text"), [(None, ""), ({"a": 1}, '{"a":1}'), ([], "[]"), ("", "")])
def test_arguments_become_text(arguments: Any, text: str) -> None:
    assert joined(piece("f", arguments, index=0)) == [("call_id1", "f", text)]


def test_a_piece_without_a_function_is_a_call_all_the_same() -> None:
    assert joined({"index": 0, "id": "a"}) == [("a", "", "")]
    assert joined({"index": 0, "id": "a", "function": None}) == [("a", "", "")]


def test_calls_of_custom_tools_are_told_apart() -> None:
    pieces = [
        {"index": 0, "id": i, "type": "custom", "custom": {"name": n, "input": ""}} for i, n in (("a", "f"), ("b", "g"))
    ]
    track = tracker()
    shown = [track.normalise(piece) for piece in pieces]
    assert [(call["index"], call["id"]) for call in shown] == [(0, "a"), (1, "b")]
    assert all("function" not in call for call in shown)


@pytest.mark.parametrize(
    ("arguments", "broken"), [("", None), ("{}", None), ('{"a":', "f"), ("{}{", "f"), ('{"a":' * 100_000, "f")]
)
def test_a_call_whose_arguments_are_cut_is_found(arguments: str, broken: str | None) -> None:
    track = tracker()
    track.normalise(piece("f", arguments, index=0))
    error = track.incomplete()
    assert (error and error.message) == (broken and f"the arguments of the tool call {broken!r} are not whole JSON")


def test_a_tracker_is_true_once_it_has_a_call() -> None:
    track = tracker()
    assert not track
    track.normalise(piece("f", "", index=0))
    assert track


def test_the_rest_of_a_name_is_told_from_another_call_by_what_comes_before_it() -> None:
    assert joined(piece("get_", "", index=0, id="a"), piece("time", "{}", index=0)) == [("a", "get_time", "{}")]
    assert joined(piece("f", "", index=0), piece("g", "{}", index=0)) == [
        ("call_id1", "f", ""),
        ("call_id2", "g", "{}"),
    ]
    assert joined(piece("f", "{}", index=0, id="a"), piece("g", "{}", index=0)) == [
        ("a", "f", "{}"),
        ("call_id1", "g", "{}"),
    ]


def test_a_new_id_under_a_new_index_opens_a_call_whose_name_comes_later() -> None:
    pieces = [piece(None, "", index=0, id="a"), piece("f", "{}", index=0)]
    pieces += [piece(None, "", index=1, id="b"), piece("f", "{}", index=1)]
    assert joined(*pieces) == [("a", "f", "{}"), ("b", "f", "{}")]


def test_whole_calls_that_share_an_id_get_ids_of_their_own() -> None:
    pieces = [piece(name, "{}", index=0, id="call") for name in "fgh"]
    assert joined(*pieces) == [("call", "f", "{}"), ("call_id1", "g", "{}"), ("call_id2", "h", "{}")]


@pytest.mark.parametrize("text", ['{"a":"}"}', '{"a":"\\\\"}', '{"a":"\\"}"}', '{"a":[{}],"b":{}}', '{"\\\\\\"":[]}'])
def test_the_end_of_arguments_is_found_however_they_are_cut(text: str) -> None:
    for size in range(1, len(text)):
        parts = [text[start : start + size] for start in range(0, len(text), size)]
        pieces = [piece("f", part, index=0) for part in (*parts, "{}")]
        assert joined(*pieces) == [("call_id1", "f", text), ("call_id2", "f", "{}")]


@pytest.mark.parametrize(
    "pieces",
    [
        ["{", *['"a":"bcd",'] * 2000, '"z":1}'],
        ['{"a":[1', *[',{"b":{}}'] * 2000, "]}"],
        ['{"a":"', *["}"] * 2000, '"}'],
        ["{}"] * 2000,
    ],
    ids=["members", "objects", "a string of brackets", "object after object"],
)
def test_a_repeated_name_does_not_make_long_arguments_quadratic(
    pieces: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[int] = []

    def counting(text: str) -> bool:
        parsed.append(len(text))
        return real(text)

    real = module.is_json
    monkeypatch.setattr(module, "is_json", counting)
    track = tracker()
    for part in pieces:
        track.normalise(piece("f", part, index=0))
    track.incomplete()
    assert sum(parsed) <= 2 * sum(map(len, pieces))


class Pieces(list[str]):
    """Pieces that count the characters of those that are taken out."""

    taken = 0

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        self.taken += sum(map(len, found))
        return found


def test_a_repeated_name_has_each_piece_looked_at_once() -> None:
    track = tracker()
    track.normalise(piece("f", "{", index=0))
    track._calls[0].arguments = pieces = Pieces(["{"])
    for _ in range(2000):
        track.normalise(piece("f", '"a":1,', index=0))
        track.normalise(piece("f", '"b":{"c":2},', index=0))
    track.normalise(piece("f", '"d":{}}', index=0))
    assert pieces.taken <= 2 * sum(map(len, pieces))  # each alone, for its end, and each once with those before it


def test_arguments_without_end_are_refused() -> None:
    tracker = ToolCallTracker(lambda: "1")
    piece = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "x" * (MAX_ARGUMENT_CHARACTERS // 2)}}
    tracker.normalise(piece)
    tracker.normalise({"index": 0, "function": {"arguments": piece["function"]["arguments"]}})
    with pytest.raises(EventTooLarge, match=str(MAX_ARGUMENT_CHARACTERS)):
        tracker.normalise({"index": 0, "function": {"arguments": "x"}})
