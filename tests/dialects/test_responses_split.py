"""A whole response as events: those that its stream would have had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.responses_api import ResponsesAPI
from aiollm.dialects.responses_split import split_events
from aiollm.types.origin import Origin
from aiollm.types.responses import ResponsesAPIResponse, ResponsesStreamEvent
from tests.dialects.reading import read

PART = {"type": "output_text", "text": "Hello", "annotations": [{"type": "url_citation", "url": "x"}]}
ITEMS: list[dict[str, Any]] = [
    {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "Hm"}]},
    {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [PART]},
    {"type": "message", "id": "n", "role": "assistant", "content": [{"type": "refusal", "refusal": "No"}]},
    {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": '{"a": 1}'},
    {"type": "custom_tool_call", "id": "ct", "call_id": "d", "name": "g", "input": "free"},
    {"type": "web_search_call", "id": "ws", "status": "completed"},
]
WHOLE = {"id": "resp", "model": "m", "status": "completed", "output": ITEMS, "usage": {"input_tokens": 3}}


def events_of(payload: dict[str, Any]) -> list[ResponsesStreamEvent]:
    return list(split_events(ResponsesAPIResponse(**payload), Origin()))


def test_the_events_of_a_message_are_those_of_a_stream() -> None:
    events = events_of({**WHOLE, "output": [ITEMS[1]]})
    assert [event.type.removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event.sequence_number for event in events] == list(range(9))
    assert (events[0].response.status, events[0].response.output) == ("in_progress", [])
    assert (events[2].item.content, events[2].item.status) == ([], "in_progress")
    delta = events[4]
    assert (delta.item_id, delta.output_index, delta.content_index, delta.delta) == ("m", 0, 0, "Hello")
    assert events[-1].response.usage.input_tokens == 3


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["type"] + "-" + item["id"])
def test_a_reader_of_the_events_puts_the_item_together(item: dict[str, Any]) -> None:
    """The account of what came before the last events, which have the whole item, is the item."""
    events = events_of({**WHOLE, "output": [item]})[:-2]
    lines = "".join(f"data: {event.model_dump_json(exclude_none=True)}\n\n" for event in events)
    seen = read([lines.encode()], dialect=ResponsesAPI())  # type: ignore[arg-type]
    (built,) = seen.decoder.partial().model_dump()["output"]
    for member in ("id", "type", "name", "arguments", "input"):
        assert built.get(member) == item.get(member)
    for member in ("content", "summary"):
        texts = [part.get("text") or part.get("refusal") for part in item.get(member, ())]
        assert [part.get("text") or part.get("refusal") for part in built.get(member) or ()] == texts


def test_a_response_that_was_cut_short_ends_so() -> None:
    details = {"reason": "max_output_tokens"}
    assert events_of({**WHOLE, "status": "incomplete", "incomplete_details": details})[-1].type == "response.incomplete"


def test_what_is_no_item_is_left_to_the_last_event() -> None:
    events = events_of({**WHOLE, "output": ["odd", {"type": "message", "content": ["odd"]}]})
    assert [event.type for event in events if "part" in event.type] == []
    assert json.loads(events[-1].model_dump_json())["response"]["output"][0] == "odd"
