"""Whatever Ollama and Cohere write, and however it is cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiollm.dialects.cohere import Cohere
from aiollm.dialects.ollama import Ollama
from aiollm.exceptions import APIError
from tests.dialects.reading import cut, decode, read

DIALECTS = {"ollama": Ollama(), "cohere": Cohere()}
ODD = st.one_of(st.none(), st.integers(-1, 3), st.sampled_from(["", "a", "é\u2028"]), st.just([]), st.just({"a": [1]}))
CALL = st.fixed_dictionaries(
    {},
    optional={"id": ODD, "index": ODD, "function": st.fixed_dictionaries({}, optional={"name": ODD, "arguments": ODD})},
)
MESSAGE = st.fixed_dictionaries(
    {}, optional={"content": ODD, "thinking": ODD, "tool_calls": st.one_of(ODD, CALL, st.lists(CALL, max_size=2))}
)
LINES = st.fixed_dictionaries(
    {},
    optional={
        "message": st.one_of(MESSAGE, ODD),
        "done": st.booleans(),
        "done_reason": ODD,
        "eval_count": ODD,
        "created_at": ODD,
        "logprobs": ODD,
        "error": ODD,
    },
)
CONTENT = st.fixed_dictionaries({}, optional={"text": ODD, "thinking": ODD})
INNER = st.fixed_dictionaries(
    {}, optional={"content": st.one_of(CONTENT, ODD), "tool_plan": ODD, "tool_calls": CALL, "citations": ODD}
)
KINDS = (
    "message-start",
    "content-start",
    "content-delta",
    "tool-plan-delta",
    "tool-call-start",
    "tool-call-delta",
    "tool-call-end",
    "citation-start",
    "message-end",
    "debug",
)
REASONS = st.sampled_from([None, "COMPLETE", "ERROR"])
DELTA = st.fixed_dictionaries({}, optional={"message": INNER, "finish_reason": REASONS, "usage": ODD})
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)}, optional={"id": ODD, "index": ODD, "delta": st.one_of(ODD, DELTA)}
)


def body(name: str, events: list[Any]) -> bytes:
    texts = [json.dumps(one).encode() for one in events]
    return b"".join(text + b"\n" if name == "ollama" else b"data: " + text + b"\n\n" for text in texts)


def check(name: str, data: bytes, places: list[int]) -> None:
    whole = read([data], dialect=DIALECTS[name])
    assert read(cut(data, places), dialect=DIALECTS[name]).outcome == whole.outcome
    roles = [choice.delta.role for chunk in whole.chunks for choice in chunk.choices if choice.delta.role]
    assert roles in ([], ["assistant"])
    assert sum(len(finishes) for finishes in whole.finishes.values()) <= 1
    whole.decoder.partial()


@given(st.lists(LINES, max_size=5), st.lists(st.integers(0, 400), max_size=5))
def test_lines_of_ollama(lines: list[Any], places: list[int]) -> None:
    check("ollama", body("ollama", lines), places)


@given(st.lists(EVENTS, max_size=6), st.lists(st.integers(0, 400), max_size=5))
def test_events_of_cohere(events: list[Any], places: list[int]) -> None:
    check("cohere", body("cohere", events), places)


@pytest.mark.parametrize("name", DIALECTS)
@given(st.binary(max_size=200))
def test_bytes_that_are_anything(name: str, data: bytes) -> None:
    read([data], dialect=DIALECTS[name])


@pytest.mark.parametrize("name", DIALECTS)
@given(st.one_of(LINES, EVENTS, MESSAGE, ODD))
def test_a_whole_reply_is_an_answer_or_an_error_of_ours(name: str, payload: Any) -> None:
    try:
        response = decode(json.dumps(payload).encode(), dialect=DIALECTS[name])
    except APIError:
        return
    assert response.choices[0].finish_reason
    json.loads(response.model_dump_json())
