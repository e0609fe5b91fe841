"""Messages as Mistral takes them."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.providers.mistral import mistral_messages


def sent(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    changed: list[dict[str, Any]] = mistral_messages({"model": "m", "messages": list(messages)})["messages"]
    return changed


def call(identifier: str) -> dict[str, Any]:
    return {"id": identifier, "type": "function", "index": 0, "function": {"name": "f", "arguments": "{}", "x": 1}}


def test_members_that_mistral_does_not_know_are_left_out() -> None:
    turn = {"role": "assistant", "content": "a", "prefix": True, "annotations": [], "audio": None, "name": "me"}
    assert sent({"role": "user", "content": "u", "name": "me"}, turn) == [
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "a", "prefix": True},
    ]


def test_reasoning_is_a_part_of_the_content() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    said = {"type": "text", "text": "a"}
    assert sent({"role": "assistant", "content": "a", "reasoning_content": "hm"})[0]["content"] == [thinking, said]
    assert sent({"role": "assistant", "content": None, "reasoning_content": "hm"})[0]["content"] == [thinking]
    blocks = [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "x"}]
    signed = sent({"role": "assistant", "content": "a", "reasoning_content": "hm", "thinking_blocks": blocks})
    assert signed[0]["content"] == [{**thinking, "signature": "s"}, said]


def test_content_that_is_parts_already_stays() -> None:
    parts = [{"type": "text", "text": "a"}]
    assert sent({"role": "assistant", "content": parts, "reasoning_content": "hm"})[0]["content"] == parts


def test_audio_is_its_data_and_a_file_its_id() -> None:
    parts = [
        {"type": "text", "text": "t"},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
        {"type": "input_audio", "input_audio": "AA=="},
        {"type": "file", "file": {"file_id": "f1"}},
        {"type": "image_url", "image_url": {"url": "data:,"}},
    ]
    assert sent({"role": "user", "content": parts})[0]["content"] == [
        parts[0],
        {"type": "input_audio", "input_audio": "AA=="},
        parts[2],
        {"type": "file", "file_id": "f1"},
        parts[4],
    ]


def test_an_id_of_nine_letters_stays_and_others_become_one_that_is_always_the_same() -> None:
    turn, result, own = sent(
        {"role": "assistant", "content": "", "tool_calls": [call("call_0123456789"), call("abcDEF123")]},
        {"role": "tool", "tool_call_id": "call_0123456789", "name": "f", "content": "1"},
        {"role": "tool", "tool_call_id": "abcDEF123", "content": "2"},
    )
    first, second = (one["id"] for one in turn["tool_calls"])
    assert (len(first), first.isalnum(), second) == (9, True, "abcDEF123")
    assert result == {"role": "tool", "tool_call_id": first, "name": "f", "content": "1"}
    assert own["tool_call_id"] == "abcDEF123"
    assert turn["tool_calls"][1] == {
        "id": "abcDEF123",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
    }


@pytest.mark.parametrize("bad", [{"role": "assistant", "tool_calls": [{"id": "x"}]}, {"content": "no role"}])
def test_a_message_of_another_form_is_a_lookup_error(bad: dict[str, Any]) -> None:
    with pytest.raises(LookupError):
        sent(bad)
