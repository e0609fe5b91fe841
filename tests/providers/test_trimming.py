"""A chat that is too long: what is kept of it."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm import BadRequestError, token_counter, trim_messages

SYSTEM = {"role": "system", "content": "Be brief."}
OLD = {"role": "user", "content": "a" * 400}
ANSWER = {"role": "assistant", "content": "b" * 40}
LAST = {"role": "user", "content": "c" * 40}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
RESULT = {"role": "tool", "content": "d" * 40}
CHAT = [SYSTEM, OLD, ANSWER, LAST]


def size(*messages: dict[str, Any]) -> int:
    return token_counter("x", messages=messages)


def test_a_chat_that_fits_stays_as_it_is() -> None:
    assert trim_messages(CHAT, "x", max_tokens=size(*CHAT)) == CHAT


def test_the_oldest_is_left_out_first_and_the_systems_never() -> None:
    assert trim_messages(CHAT, "x", max_tokens=size(SYSTEM, ANSWER, LAST)) == [SYSTEM, ANSWER, LAST]


def test_the_first_that_does_not_fit_is_shortened_in_its_middle() -> None:
    limit = size(*CHAT) - 50
    kept = trim_messages([SYSTEM, {**OLD, "content": "x" * 200 + "y" * 200}, ANSWER, LAST], "x", max_tokens=limit)
    assert [kept[0], *kept[2:]] == [SYSTEM, ANSWER, LAST]
    text = kept[1]["content"]
    assert text.strip("x").strip("y") == "..."
    assert limit - 1 <= size(*kept) <= limit  # type: ignore[arg-type]


def test_answers_of_tools_are_never_without_their_call() -> None:
    chat = [OLD, CALL, RESULT, RESULT, LAST]
    assert trim_messages(chat, "x", max_tokens=size(CALL, RESULT, RESULT, LAST)) == [CALL, RESULT, RESULT, LAST]
    assert trim_messages(chat, "x", max_tokens=size(CALL, RESULT, RESULT, LAST) - 1) == [LAST]
    assert trim_messages([OLD, CALL, RESULT], "x", max_tokens=size(CALL, RESULT)) == [CALL, RESULT]


def test_the_messages_of_the_caller_are_not_changed() -> None:
    before = [dict(message) for message in CHAT]
    trim_messages(CHAT, "x", max_tokens=size(*CHAT) - 50)
    assert before == CHAT


def test_the_models_own_limit_holds() -> None:
    huge = [{"role": "user", "content": "word " * 200_000}, LAST]
    kept = trim_messages(huge, "gpt-4o", trim_ratio=0.5)
    assert kept[-1] == LAST
    assert token_counter("gpt-4o", messages=kept) <= 64_000


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"model": "groq/nobody"}, "groq/nobody takes is not known: pass max_tokens="),
        ({}, "the model takes is not known"),
        ({"max_tokens": 10}, r"have 2\d tokens, of 10"),
    ],
)
def test_what_cannot_be_made_to_fit_is_refused_in_words(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadRequestError, match=fault):
        trim_messages(CHAT, **given)


def test_an_empty_chat_stays_empty() -> None:
    assert trim_messages([], "x", max_tokens=5) == []
