"""Whatever a provider writes, and however it is cut."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aiollm.exceptions import APIError
from aiollm.wire.frame import Frame
from tests.dialects.reading import cut, decode, decoder, read

TEXT = st.sampled_from(["", "a", "é\u2028\n\n", 'data: {"x":1}\n\n', "[DONE]", "\r"])
MAYBE_TEXT = st.one_of(st.none(), TEXT)
EXTRA = st.one_of(st.none(), st.integers(0, 3), st.just({"a": [None]}))
CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "function": st.fixed_dictionaries(
                {},
                optional={
                    "name": st.sampled_from(["f", "g", None]),
                    "arguments": st.sampled_from(["", "{", "}", "{}", None]),
                },
            )
        },
        optional={"index": st.sampled_from([0, 1, -1, None]), "id": st.sampled_from(["", "a", "b", None])},
    ),
    max_size=2,
)
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": MAYBE_TEXT,
        "role": st.sampled_from(["assistant", None]),
        "reasoning": MAYBE_TEXT,
        "reasoning_content": MAYBE_TEXT,
        "refusal": MAYBE_TEXT,
        "odd": EXTRA,
        "tool_calls": st.one_of(st.none(), CALLS),
        "annotations": st.one_of(st.none(), st.just([{"type": "x"}])),
    },
)
CHOICES = st.fixed_dictionaries(
    {"delta": DELTAS},
    optional={
        "index": st.sampled_from([0, 0, 0, 1, None]),
        "finish_reason": st.sampled_from([None, None, None, "", "stop", "length", "eos"]),
        "odd": EXTRA,
        "logprobs": st.one_of(st.none(), st.just({"content": [{"token": "a", "logprob": -1.5}]})),
        "message": st.just({"content": "x"}),
    },
)
PAYLOADS = st.fixed_dictionaries(
    {"choices": st.one_of(st.lists(CHOICES, min_size=1, max_size=1), st.lists(CHOICES, max_size=2))},
    optional={
        "id": st.sampled_from(["", "c", None]),
        "created": st.sampled_from([0, 7, None, 7.5]),
        "model": st.sampled_from(["", "m"]),
        "object": st.sampled_from(["", "chat.completion.chunk", "chat.completion"]),
        "odd": EXTRA,
        "error": st.none(),
        "usage": st.one_of(st.none(), st.just({"prompt_tokens": 1, "completion_tokens": 2})),
        "service_tier": st.sampled_from([None, "t"]),
    },
)
STREAMS = st.lists(PAYLOADS, max_size=8)
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "content",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "index",
                    "id",
                    "usage",
                    "error",
                    "x_groq",
                    "finish_reason",
                    "logprobs",
                    "audio",
                    "message",
                    "created",
                    "prompt_tokens_details",
                    "images",
                    "type",
                    "object",
                    "model",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


def body_of(payloads: list[Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(payload).encode() + b"\n\n" for payload in payloads)


@given(STREAMS, st.lists(st.integers(0, 2000), max_size=10), st.booleans())
def test_any_cut_of_a_stream_gives_the_same_chunks(payloads: list[Any], places: list[int], done: bool) -> None:
    body = body_of(payloads) + b"data: [DONE]\n\n" * done
    whole = read([body])
    assert read(cut(body, places)).outcome == whole.outcome
    assert read([body[i : i + 1] for i in range(len(body))]).outcome == whole.outcome


@given(STREAMS)
def test_the_quick_path_gives_what_the_slow_one_gives(payloads: list[Any]) -> None:
    opening = {"id": "c", "created": 7, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    for payload in payloads:
        for choice in payload["choices"]:
            choice["delta"].setdefault("content", "x")
            choice["delta"]["content"] = choice["delta"]["content"] or "x"
    payloads = [payload for payload in payloads if payload["choices"]]
    quick, slow = decoder(), decoder()
    for payload in [opening, *payloads]:
        frame = Frame("", json.dumps(payload).encode())
        slow._plain_text = False
        if slow._held or any(choice.held for choice in slow._choices.values()):
            return  # fields of a piece that gave no chunk wait for a chunk of the slow path
        ours, theirs = list(quick.feed(frame)), list(slow.feed(frame))
        assert [chunk.model_dump() for chunk in ours] == [chunk.model_dump() for chunk in theirs]
        assert ours == theirs
    assert (quick.usage, quick.finished, quick.content) == (slow.usage, slow.finished, slow.content)
    partial, other = quick.partial(), slow.partial()
    assert partial is not None
    assert other is not None
    assert [choice.message.content for choice in partial.choices] == [
        choice.message.content for choice in other.choices
    ]
    assert [choice.message.reasoning_content for choice in partial.choices] == [
        choice.message.reasoning_content for choice in other.choices
    ]


@given(STREAMS)
def test_every_stream_keeps_the_rules_of_a_stream(payloads: list[Any]) -> None:
    reading = read([body_of(payloads), b"data: [DONE]\n\n"])
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in reading.chunks}) <= 1
    roles: dict[int, int] = {}
    for chunk in reading.chunks:
        for choice in chunk.choices:
            roles[choice.index] = roles.get(choice.index, 0) + (choice.delta.role is not None)
            assert choice.finish_reason is None or choice.delta.content is None
    assert set(roles.values()) <= {1}
    assert all(len(reasons) <= 1 for reasons in reading.finishes.values())


@given(st.lists(ANY_JSON, max_size=3))
def test_odd_json_raises_documented_errors_only(payloads: list[Any]) -> None:
    opening = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "a"}}]}
    for sent in (payloads, [opening, *payloads]):
        reading = read([body_of(sent)])
        assert reading.error is None or isinstance(reading.error, APIError)
        for chunk in reading.chunks:
            chunk.model_dump()


@given(st.one_of(ANY_JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=60)))
def test_any_whole_body_raises_documented_errors_only(body: bytes) -> None:
    with contextlib.suppress(APIError):
        decode(body).model_dump()


@given(st.binary(max_size=120))
def test_any_bytes_raise_documented_errors_only(body: bytes) -> None:
    assert isinstance(read([b"data: " + body]).error, APIError | None)
