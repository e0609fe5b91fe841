"""Responses and their events by attribute and by item, with everything that a server sends."""

from __future__ import annotations

import pickle
from typing import Any

from aiollm.types.responses import ResponsesAPIResponse, ResponsesStreamEvent

SCHEMA = {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "string"}}}}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 7,
    "status": "completed",
    "model": "m",
    "output": [
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {
            "type": "message",
            "id": "msg",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Hel", "annotations": [{"type": "url_citation", "url": "https://x"}]},
                {"type": "output_text", "text": "lo", "annotations": []},
                {"type": "refusal", "refusal": "No."},
            ],
        },
        {"type": "of_tomorrow", "thing": {"items": [1]}},
    ],
    "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}],
    "usage": {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 14,
    },
}


def test_a_response_works_by_attribute_and_by_item() -> None:
    response = ResponsesAPIResponse(**RESPONSE)
    assert response.output_text == "Hello"
    assert response.output[1].content[0].annotations[0].url == "https://x"
    assert response["output"][1]["content"][2]["refusal"] == "No."
    assert response.usage.input_tokens_details.cached_tokens == 4
    assert response.output[0].summary[0].text == "Hm."
    assert "usage" in response
    assert response.get("of_tomorrow") is None


def test_nothing_that_came_is_lost() -> None:
    response = ResponsesAPIResponse(**RESPONSE)
    assert response.model_dump() == RESPONSE
    assert response.output[2].thing == {"items": [1]}
    assert response.tools[0]["parameters"] == SCHEMA
    assert pickle.loads(pickle.dumps(response)) == response


def test_a_server_may_send_the_text_in_the_place_of_the_output() -> None:
    assert ResponsesAPIResponse(id="gen-1", output_text="4").output_text == "4"
    assert ResponsesAPIResponse(id="gen-1").output_text == ""


def test_an_event_has_its_item_and_its_response() -> None:
    event = ResponsesStreamEvent(type="response.output_item.done", item=RESPONSE["output"][1], response=RESPONSE)
    assert event.item.content[0].text == "Hel"
    assert event.response.output_text == "Hello"
    assert event["type"] == "response.output_item.done"
    assert event.model_dump() == {
        "type": "response.output_item.done",
        "item": RESPONSE["output"][1],
        "response": RESPONSE,
    }
