"""Whatever shape tool calls come in, however their arguments are split, and whichever pieces share a chunk."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiollm.exceptions import ToolCallIncomplete
from tests.dialects.reading import Reading, read, tool_calls
from tests.profiles import SCALE
from tests.property.tool_styles import STYLES, Call, Piece, Style, chunks_of

STYLE = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)

VALUES = st.recursive(
    st.sampled_from([None, True, 0, -1.5, "", "a", "}", '{"', "é\u2028", "\\", '"}']),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab}"), inner, max_size=2)),
    max_leaves=4,
)
ARGUMENTS = st.dictionaries(st.sampled_from(["city", "}", 'a"b']), VALUES, max_size=3).map(json.dumps)
NAMES = st.sampled_from(["get_weather", "get_time", "f"])


@st.composite
def calls(draw: Any) -> list[Call]:
    """One to three calls; the same function may be called twice."""
    wanted = draw(st.lists(st.tuples(NAMES, ARGUMENTS), min_size=1, max_size=3))
    return [
        Call(name, tuple(cut_text(text, draw(st.lists(st.integers(0, len(text)), max_size=4)))))
        for name, text in wanted
    ]


def cut_text(text: str, places: list[int]) -> list[str]:
    """Cut a text at the given places; the same place twice gives an empty piece."""
    edges = [0, *sorted(places), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


@st.composite
def groups(draw: Any, style: Style, meant: list[Call]) -> list[list[Piece]]:
    """All pieces of the calls, in an order the style allows, shared out among chunks."""
    of_calls = [style.pieces(number, call) for number, call in enumerate(meant)]
    order = [number for number, pieces in enumerate(of_calls) for _ in pieces]
    if style.mixed:
        order = draw(st.permutations(order))
        seen = list(dict.fromkeys(order))  # a call is numbered by its first piece
        order = [seen.index(number) for number in order]
        of_calls = [of_calls[number] for number in seen]
        meant[:] = [meant[number] for number in seen]
    waiting = [iter(pieces) for pieces in of_calls]
    pieces = [next(waiting[number]) for number in order]
    ends = draw(st.lists(st.integers(0, len(pieces)), max_size=len(pieces)))
    edges = sorted({0, *ends, len(pieces)})
    return [pieces[start:end] for start, end in itertools.pairwise(edges)]


def streamed(groups: Sequence[Sequence[Piece]]) -> Reading:
    chunks = chunks_of(groups)
    return read([b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"])


def said(reading: Reading) -> list[tuple[str, str]]:
    return [(call["name"], call["arguments"]) for call in tool_calls(reading)]


def meaning(meant: list[Call]) -> list[tuple[str, str]]:
    return [(call.name, "".join(call.arguments)) for call in meant]


@STYLE
@settings(max_examples=12 * SCALE)
@given(data=st.data())
def test_the_calls_are_the_same_in_every_style(style: Style, data: st.DataObject) -> None:
    meant = data.draw(calls())
    reading = streamed(data.draw(groups(style, meant)))
    assert reading.error is None
    assert said(reading) == meaning(meant)
    ids = [call["id"] for call in tool_calls(reading)]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    whole = reading.decoder.partial().choices[0].message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in whole] == meaning(meant)


@STYLE
@settings(max_examples=6 * SCALE)
@given(data=st.data())
def test_arguments_that_are_cut_are_an_error_in_every_style(style: Style, data: st.DataObject) -> None:
    meant = data.draw(calls())
    broken = data.draw(st.integers(0, len(meant) - 1)) if style.mixed else len(meant) - 1
    text = "".join(meant[broken].arguments)
    meant[broken] = Call(meant[broken].name, (text[: data.draw(st.integers(1, len(text) - 1))],))
    reading = streamed(data.draw(groups(style, meant)))
    assert type(reading.error) is ToolCallIncomplete
    assert said(reading) == meaning(meant)
