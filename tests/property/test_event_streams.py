"""Whatever AWS writes into an event stream, and however it is cut."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aiollm.dialects.converse import Converse
from aiollm.dialects.table import dialect_of
from aiollm.exceptions import APIError
from tests.dialects.reading import cut, decode, read
from tests.wire.event_messages import event, exception

CONVERSE = Converse()
TEXT = st.sampled_from(["", "a", "é\n", "{", "}", '{"a":1}'])
INDEX = st.sampled_from([0, 1, 2])
ODD = st.sampled_from([None, 7, "x", [], {}, [1]])
DELTAS = st.one_of(
    st.fixed_dictionaries({"text": TEXT}),
    st.fixed_dictionaries({"toolUse": st.fixed_dictionaries({"input": TEXT})}),
    st.fixed_dictionaries(
        {
            "reasoningContent": st.one_of(
                st.fixed_dictionaries({"text": TEXT}),
                st.just({"signature": "c2ln"}),
                st.just({"redactedContent": "cmVk"}),
            )
        }
    ),
    st.just({"citation": {"title": "T", "location": {"web": {"url": "https://x"}}}}),
    st.just({"toolResult": [{"text": "x"}]}),
    st.fixed_dictionaries({"text": ODD}),
    st.fixed_dictionaries({"toolUse": ODD}),
)
STARTS = st.one_of(
    st.just({"toolUse": {"toolUseId": "t1", "name": "f"}}),
    st.just({"toolUse": {"toolUseId": "t2", "name": "g", "type": "server_tool_use"}}),
    st.just({"toolResult": {"toolUseId": "t2"}}),
    st.just({"image": {"format": "png"}}),
    st.fixed_dictionaries({"toolUse": ODD}),
)
REASONS = st.sampled_from(["end_turn", "tool_use", "max_tokens", "news", None])
EVENTS: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    st.tuples(st.just("contentBlockDelta"), st.fixed_dictionaries({"contentBlockIndex": INDEX, "delta": DELTAS})),
    st.tuples(st.just("contentBlockStart"), st.fixed_dictionaries({"contentBlockIndex": INDEX, "start": STARTS})),
    st.tuples(st.just("contentBlockStop"), st.fixed_dictionaries({"contentBlockIndex": INDEX})),
    st.tuples(st.just("messageStop"), st.fixed_dictionaries({"stopReason": REASONS})),
    st.just(("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2}})),
    st.tuples(st.sampled_from(["metadata", "messageStart", "news", ""]), ODD),
)
STREAMS = st.lists(EVENTS, max_size=12)
CUTS = st.lists(st.integers(0, 2000), max_size=12)


def body(events: list[tuple[str, Any]], *, failed: bool) -> bytes:
    written = b"".join(event(name, json.dumps(payload).encode()) for name, payload in events)
    return written + (exception("throttlingException", b'{"message":"slow"}') if failed else b"")


@given(STREAMS, st.booleans(), CUTS)
def test_any_stream_of_events_is_read_the_same_however_it_is_cut(
    events: list[tuple[str, Any]], failed: bool, places: list[int]
) -> None:
    written = body(events, failed=failed)
    whole = read([written], dialect=CONVERSE)
    assert read(cut(written, places), dialect=CONVERSE).outcome == whole.outcome
    roles = [choice.delta.role for chunk in whole.chunks for choice in chunk.choices if choice.delta.role]
    assert roles == ["assistant"][: len(whole.chunks)]
    assert all(len(reasons) <= 1 for reasons in whole.finishes.values())


@given(
    st.binary(max_size=300), st.sampled_from(["converse", "invoke_claude", "invoke_llama", "invoke_nova", "sagemaker"])
)
def test_no_bytes_raise_anything_undocumented(data: bytes, name: str) -> None:
    dialect = dialect_of(name)
    read([data], dialect=dialect)
    read([event("chunk", data), event("PayloadPart", data), event("contentBlockDelta", data)], dialect=dialect)
    with contextlib.suppress(APIError):
        decode(data, dialect=dialect)
