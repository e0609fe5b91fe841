"""Anthropic's events into chunks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm import stream_chunk_builder
from aiollm.dialects.anthropic import Anthropic
from tests.dialects.reading import MODEL, Reading, cut, tool_calls
from tests.dialects.reading import read as read_by

FORMAT = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
START = {"id": "msg_1", "model": "claude-x-1", "usage": {"input_tokens": 3, "output_tokens": 1}}
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}


def event(name: str, **members: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **members})}\n\n".encode()


def opened(index: int, kind: str, **members: Any) -> bytes:
    return event("content_block_start", index=index, content_block={"type": kind, **members})


def delta(index: int, kind: str, **members: Any) -> bytes:
    return event("content_block_delta", index=index, delta={"type": f"{kind}_delta", **members})


def closed(index: int) -> bytes:
    return event("content_block_stop", index=index)


def text(index: int, *pieces: str) -> bytes:
    return opened(index, "text", text="") + b"".join(delta(index, "text", text=piece) for piece in pieces)


def thinking(index: int, *pieces: str, signature: str = "c2ln") -> bytes:
    deltas = b"".join(delta(index, "thinking", thinking=piece) for piece in pieces)
    signed = delta(index, "signature", signature=signature) if signature else b""
    return opened(index, "thinking", thinking="", signature="") + deltas + signed + closed(index)


def call(index: int, *pieces: str, kind: str = "tool_use", **members: Any) -> bytes:
    deltas = b"".join(delta(index, "input_json", partial_json=piece) for piece in pieces)
    return opened(index, kind, **{"id": f"t{index}", "name": "f", "input": {}, **members}) + deltas + closed(index)


def begin() -> bytes:
    return event("message_start", message=START) + event("ping")


def end(reason: str = "end_turn", usage: Any = None, event_members: Any = None, **members: Any) -> bytes:
    counted = {"usage": usage or {"output_tokens": 9}, **(event_members or {})}
    return event("message_delta", delta={"stop_reason": reason, **members}, **counted) + event("message_stop")


def read(*parts: bytes, **asked: Any) -> Reading:
    body = b"".join(parts)
    reading = read_by([body], dialect=Anthropic(), **asked)
    assert read_by(cut(body, range(len(body))), dialect=Anthropic(), **asked).outcome == reading.outcome
    return reading


def deltas(reading: Reading) -> list[dict[str, Any]]:
    """What each chunk adds, without members that are None."""
    found = []
    for chunk in reading.chunks:
        for choice in chunk.choices:
            fields = choice.delta.model_dump(exclude_none=True)
            found.append(fields | ({"finish": choice.finish_reason} if choice.finish_reason else {}))
    return found


# -- text


def test_text_comes_as_openais_chunks() -> None:
    reading = read(begin(), text(0, "Hel", "lo"), closed(0), end())
    assert deltas(reading) == [
        {"role": "assistant", "content": "Hel"},
        {"content": "lo"},
        {"finish": "stop"},
    ]
    assert {(chunk.id, chunk.model) for chunk in reading.chunks} == {("msg_1", MODEL)}
    assert reading.decoder.done


def test_a_block_that_opens_with_text_says_it() -> None:
    assert read(begin(), opened(0, "text", text="Hi"), closed(0), end()).text() == "Hi"


def test_a_delta_without_an_opening_is_read() -> None:
    reading = read(begin(), delta(0, "text", text="Hi"), delta(1, "input_json", partial_json="{}"), end())
    assert (reading.text(), reading.error) == ("Hi", None)


def test_text_in_two_blocks_is_one_text() -> None:
    reading = read(begin(), text(0, "A"), closed(0), text(1, "B", "C"), closed(1), end())
    assert reading.text() == "ABC"
    blocks = [{"type": "text", "text": "A"}, {"type": "text", "text": "BC"}]
    assert deltas(reading)[-2]["provider_specific_fields"] == {"content_blocks": blocks}


def test_empty_deltas_pings_and_unknown_events_give_no_chunk() -> None:
    noise = event("ping") + event("of_tomorrow", index=0) + delta(0, "text", text="") + delta(0, "new", x=1)
    assert deltas(read(begin(), text(0, "A"), noise, closed(0), end())) == [
        {"role": "assistant", "content": "A"},
        {"finish": "stop"},
    ]


def test_an_answer_without_a_block_has_its_end() -> None:
    assert deltas(read(begin(), end())) == [{"role": "assistant", "finish": "stop"}]


def test_a_block_that_was_only_opened_is_no_content_yet() -> None:
    for block in (opened(0, "text", text=""), opened(0, "thinking", thinking="", signature="")):
        assert not read(begin(), block).decoder.content
    assert read(
        begin(), opened(0, "server_tool_use", id="s", name="x"), delta(0, "input_json", partial_json="{")
    ).decoder.content


# -- thinking


def test_thinking_is_reasoning_and_blocks() -> None:
    reading = read(begin(), thinking(0, "Let ", "me ", "see."), text(1, "Yes"), closed(1), end())
    pieces = [{"type": "thinking", "thinking": piece, "index": 0} for piece in ("Let ", "me ", "see.")]
    signed = {"type": "thinking", "thinking": "", "index": 0, "signature": "c2ln"}
    assert [fields.get("thinking_blocks") for fields in deltas(reading)[:4]] == [[one] for one in [*pieces, signed]]
    assert reading.text(field="reasoning_content") == "Let me see."
    whole = reading.decoder.partial().choices[0].message
    assert whole.thinking_blocks == [{"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"}]


def test_redacted_thinking_is_a_block() -> None:
    reading = read(begin(), opened(0, "redacted_thinking", data="eA=="), closed(0), text(1, "A"), closed(1), end())
    assert deltas(reading)[0]["thinking_blocks"] == [{"type": "redacted_thinking", "data": "eA==", "index": 0}]


def test_thinking_that_comes_whole_is_read() -> None:
    reading = read(begin(), opened(0, "thinking", thinking="Hm", signature="s"), closed(0), end())
    assert reading.decoder.partial().choices[0].message.thinking_blocks == [
        {"type": "thinking", "thinking": "Hm", "signature": "s"}
    ]


def test_the_builder_keeps_blocks_apart_that_have_no_signature() -> None:
    reading = read(begin(), thinking(0, "A", signature=""), thinking(1, "B", "C"), text(2, "D"), closed(2), end())
    built = stream_chunk_builder(reading.chunks)
    assert built is not None
    assert built.choices[0].message.thinking_blocks == [
        {"type": "thinking", "thinking": "A"},
        {"type": "thinking", "thinking": "BC", "signature": "c2ln"},
    ]


# -- tools


def test_calls_are_numbered_from_zero_whatever_stands_between() -> None:
    reading = read(
        begin(), text(0, "A"), closed(0), call(1, "", '{"a"', ": 1}"), call(2, '{"b": 2}', name="g"), end("tool_use")
    )
    assert tool_calls(reading) == [
        {"id": "t1", "name": "f", "arguments": '{"a": 1}'},
        {"id": "t2", "name": "g", "arguments": '{"b": 2}'},
    ]
    assert reading.finishes == {0: ["tool_calls"]}


@pytest.mark.parametrize(
    ("members", "arguments"), [({}, "{}"), ({"input": None}, "{}"), ({"input": {"a": 1}}, '{"a":1}')]
)
def test_a_call_without_deltas_has_the_input_it_was_opened_with(members: dict[str, Any], arguments: str) -> None:
    assert tool_calls(read(begin(), call(0, **members), end("tool_use")))[0]["arguments"] == arguments


def test_blocks_may_be_open_at_the_same_time() -> None:
    parts = [opened(0, "tool_use", id="a", name="f"), opened(1, "tool_use", id="b", name="g")]
    parts += [delta(0, "input_json", partial_json='{"x":'), delta(1, "input_json", partial_json="{}")]
    parts += [delta(0, "input_json", partial_json="1}"), closed(0), closed(1)]
    assert [found["arguments"] for found in tool_calls(read(begin(), *parts, end("tool_use")))] == ['{"x":1}', "{}"]


def test_a_call_that_is_cut_off_at_its_end_is_an_error_with_what_came() -> None:
    reading = read(begin(), call(0, '{"a": '), end("tool_use"))
    assert type(reading.error) is e.ToolCallIncomplete
    assert read(begin(), call(0, '{"a": '), end("max_tokens")).error is None


def test_an_answer_by_the_tool_is_text() -> None:
    parts = (begin(), call(0, '{"a":', "1}", name="json_tool_call"), end("tool_use"))
    reading = read(*parts, params={"response_format": FORMAT})
    assert (reading.text(), tool_calls(reading), reading.finishes) == ('{"a":1}', [], {0: ["stop"]})
    assert tool_calls(read(*parts))[0]["name"] == "json_tool_call"


# -- what the server does


def test_calls_of_the_server_and_their_results_are_the_providers_fields() -> None:
    result = {"tool_use_id": "t0", "content": [{"url": "https://h"}]}
    reading = read(
        begin(),
        call(0, '{"query": "q"}', kind="server_tool_use", name="web_search"),
        opened(1, "web_search_tool_result", **result),
        closed(1),
        opened(2, "bash_code_execution_tool_result", tool_use_id="t1", content={}),
        closed(2),
        text(3, "So."),
        closed(3),
        end(container={"id": "c1"}),
    )
    search = {"type": "server_tool_use", "id": "t0", "name": "web_search", "input": {"query": "q"}}
    found = {"type": "web_search_tool_result", **result}
    ran = {"type": "bash_code_execution_tool_result", "tool_use_id": "t1", "content": {}}
    built = stream_chunk_builder(reading.chunks)
    assert built is not None
    message = built.choices[0].message
    assert message.provider_specific_fields == {
        "server_tool_calls": [search],
        "web_search_results": [found],
        "tool_results": [ran],
        "container": {"id": "c1"},
        "content_blocks": [search, found, ran, {"type": "text", "text": "So."}],
    }
    assert (message.tool_calls, built.choices[0].finish_reason) == (None, "stop")


def test_a_citation_is_a_field_and_of_a_page_an_annotation_too() -> None:
    page = {"type": "web_search_result_location", "url": "https://h", "title": "H"}
    document = {"type": "char_location", "cited_text": "x"}
    cites = delta(1, "citations", citation=page) + delta(1, "citations", citation=document)
    reading = read(begin(), text(0, "Är "), closed(0), text(1, "drei"), cites, closed(1), end())
    cited = [fields for fields in deltas(reading) if "citation" in fields.get("provider_specific_fields", {})]
    assert [fields["provider_specific_fields"]["citation"] for fields in cited] == [page, document]
    place = {"url": "https://h", "title": "H", "start_index": 3, "end_index": 7}
    assert [fields.get("annotations") for fields in cited] == [[{"type": "url_citation", "url_citation": place}], None]
    blocks = reading.decoder.partial().choices[0].message.provider_specific_fields["content_blocks"]
    assert blocks[1] == {"type": "text", "text": "drei", "citations": [page, document]}


def test_a_compaction_is_kept() -> None:
    parts = [opened(0, "compaction", content=None), delta(0, "compaction", content="So far: A."), closed(0)]
    fields = read(begin(), *parts, text(1, "B"), closed(1), end()).decoder.partial().choices[0].message
    assert fields.provider_specific_fields["compaction_blocks"] == [{"type": "compaction", "content": "So far: A."}]


# -- the end


def test_a_refusal_is_told_before_the_end() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "No."}
    *_, told, last = deltas(read(begin(), text(0, "A"), closed(0), end("refusal", stop_details=details)))
    assert told == {
        "refusal": "No.",
        "provider_specific_fields": {"stop_reason": "refusal", "stop_details": details},
    }
    assert last == {"finish": "content_filter"}


def test_a_pause_is_told_so_that_the_turn_can_be_continued() -> None:
    reading = read(begin(), text(0, "A"), closed(0), end("pause_turn"))
    assert deltas(reading)[-2]["provider_specific_fields"] == {"stop_reason": "pause_turn"}
    assert reading.finishes == {0: ["length"]}


def test_the_stop_that_was_met_is_named() -> None:
    reading = read(begin(), text(0, "A"), closed(0), end("stop_sequence", stop_sequence="END"))
    assert deltas(reading)[-2]["provider_specific_fields"] == {"stop_sequence": "END"}


def test_the_counts_are_of_the_whole_and_come_when_asked_for() -> None:
    started = {**START, "usage": {**START["usage"], "cache_read_input_tokens": 20, "cache_creation_input_tokens": 5}}
    parts = (event("message_start", message=started), text(0, "A"), closed(0))
    counted = {"output_tokens": 7, "output_tokens_details": {"thinking_tokens": 2}, "server_tool_use": {"x": 1}}
    usage = read(*parts, end(usage=counted)).chunks[-1].usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (28, 7, 35)
    assert usage.prompt_tokens_details.model_dump(exclude_none=True) == {
        "cached_tokens": 20,
        "cache_creation_tokens": 5,
        "cache_write_tokens": 5,
        "text_tokens": 3,
    }
    assert usage.completion_tokens_details.reasoning_tokens == 2
    assert (usage.cache_read_input_tokens, usage.server_tool_use) == (20, {"x": 1})
    assert all(chunk.usage is None for chunk in read(*parts, end(usage=counted), include_usage=False).chunks)


def test_counts_that_come_later_win() -> None:
    reading = read(begin(), text(0, "A"), closed(0), end(usage={"input_tokens": 11, "output_tokens": 2}))
    assert reading.decoder.usage.prompt_tokens == 11


def test_a_body_that_ends_after_the_reason_of_the_end_is_whole() -> None:
    body = begin() + text(0, "A") + closed(0) + end().partition(b"event: message_stop")[0]
    reading = read(body)
    assert (reading.error, reading.chunks[-1].usage.completion_tokens) == (None, 9)


def test_a_body_that_ends_before_is_cut() -> None:
    reading = read(begin(), text(0, "A"), closed(0))
    assert type(reading.error) is e.StreamTruncated
    assert reading.decoder.partial().choices[0].message.content == "A"


def test_nothing_counts_after_the_end() -> None:
    reading = read(begin(), text(0, "A"), closed(0), end(), begin(), text(0, "B"), b"data: [DONE]\n\n")
    assert reading.text() == "A"


def test_a_gateways_end_marker_ends_it_too() -> None:
    assert read(begin(), text(0, "A"), b"data: [DONE]\n\n").decoder.done


# -- faults


@pytest.mark.parametrize(
    ("kind", "expected", "status"),
    [
        ("overloaded_error", e.OverloadedError, 529),
        ("rate_limit_error", e.RateLimitError, 429),
        ("invalid_request_error", e.BadRequestError, 400),
        ("authentication_error", e.AuthenticationError, 401),
        ("permission_error", e.PermissionDeniedError, 403),
        ("timeout_error", e.Timeout, 504),
        ("api_error", e.InternalServerError, 500),
        ("of_tomorrow", e.InternalServerError, 500),
    ],
)
def test_an_error_among_the_events_has_the_class_of_its_status(kind: str, expected: type, status: int) -> None:
    error = {"error": {"type": kind, "message": "Words", "details": None}, "request_id": "req_1"}
    reading = read(begin(), text(0, "A", "B"), event("error", **error))
    assert reading.error is not None
    assert (type(reading.error), reading.error.status_code, reading.error.request_id) == (expected, status, "req_1")
    assert "Words" in str(reading.error)
    assert reading.decoder.partial().choices[0].message.content == "AB"


def test_an_error_without_a_name_is_one_too() -> None:
    reading = read(begin(), text(0, "A"), f"data: {json.dumps(OVERLOADED)}\n\n".encode())
    assert type(reading.error) is e.OverloadedError


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'"x"',
        b'{"type":"content_block_delta"}',
        b'{"type":"content_block_delta","index":0,"delta":3}',
        b'{"type":"content_block_start","index":1}',
        b'{"type":"message_start","message":3}',
    ],
)
def test_an_event_that_cannot_be_read_raises_after_what_came(data: bytes) -> None:
    body = begin() + text(0, "A") + b"data: " + data + b"\n\n"
    reading = read_by([body], dialect=Anthropic())
    assert isinstance(reading.error, e.APIError)
    assert reading.text() == "A"


def test_half_a_character_costs_nothing() -> None:
    odd = b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ud83dB"}}\n\n'
    assert read(begin(), text(0, "A"), odd, closed(0), end()).text() == "A\ufffdB"
