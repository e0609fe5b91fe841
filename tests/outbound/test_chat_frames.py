"""Chunks as OpenAI writes them."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from aiollm import exceptions as e
from aiollm.dialects.anthropic import Anthropic
from aiollm.engine.seam import Seam
from aiollm.outbound.chat_frames import ChatFrames
from aiollm.outbound.failure import failure_of
from aiollm.types.chunk import Delta, ModelResponseStream, StreamingChoices
from tests.dialects.reading import read
from tests.dialects.test_anthropic_stream import begin, end, text, thinking
from tests.dialects.test_anthropic_stream import call as claude_call
from tests.proxy.inbound.answers import (
    USAGE,
    call,
    content,
    event,
    payloads,
    read_again,
    streamed,
    whole,
    written,
)

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "alias"}
STREAMS: dict[str, list[Any]] = {
    "text": [{"content": "Hel"}, {"content": "lo 🎉\n"}],
    "reasoning": [{"reasoning_content": "hm"}, {"content": "a"}],
    "calls": [*call(0, "f", '{"a"', ":1}"), *call(1, "g", "{}")],
    "all": [{"reasoning_content": "r"}, {"content": "t"}, *call(0, "f", "{}")],
}


@pytest.mark.parametrize("deltas", STREAMS.values(), ids=STREAMS)
def test_a_stream_that_is_written_says_what_was_read(deltas: list[Any]) -> None:
    chunks = streamed(*deltas)
    data = written(ChatFrames("alias"), chunks)
    assert data.endswith(b"data: [DONE]\n\n")
    assert content(read_again(data)) == content(chunks)


@pytest.mark.parametrize("deltas", STREAMS.values(), ids=STREAMS)
def test_every_chunk_is_one_of_openais(deltas: list[Any]) -> None:
    for payload in payloads(written(ChatFrames("alias"), streamed(*deltas))):
        chunk = ChatCompletionChunk.model_validate(payload, strict=True)
        assert (chunk.id, chunk.created, chunk.model) == ("chatcmpl-1", 5, "alias")
        assert all({"index", "delta", "finish_reason", "logprobs"} <= choice.keys() for choice in payload["choices"])


def test_a_stream_has_openais_own_form() -> None:
    role, text, finish, usage = payloads(written(ChatFrames("alias"), streamed({"content": "a"})))
    plain = {"index": 0, "logprobs": None, "finish_reason": None}
    assert role["choices"] == [{**plain, "delta": {"role": "assistant", "content": ""}}]
    assert text == {**HEAD, "choices": [{**plain, "delta": {"content": "a"}}]}
    assert finish["choices"] == [{**plain, "delta": {}, "finish_reason": "stop"}]
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 12)


def test_usage_is_only_for_those_who_asked() -> None:
    frames = payloads(written(ChatFrames("alias", shows_usage=False), streamed({"content": "a"})))
    assert len(frames) == 3
    assert not [frame for frame in frames if "usage" in frame]


def test_what_a_provider_adds_is_kept_on_every_chunk() -> None:
    pieces = [event({"content": "a", "score": 1}, obfuscation="xx", provider="acme")]
    chunks = read(
        [event({"role": "assistant", "content": ""}), *pieces, event(finish="stop"), b"data: [DONE]\n\n"]
    ).chunks
    told = payloads(written(ChatFrames("alias"), chunks))[1]
    assert (told["obfuscation"], told["provider"], told["choices"][0]["delta"]) == (
        "xx",
        "acme",
        {"content": "a", "score": 1},
    )


def test_what_a_provider_adds_may_have_half_a_character() -> None:
    odd = event({"content": "a"}, note="x").replace(b'"x"', b'"\\ud83d"')
    chunks = read([event({"role": "assistant", "content": ""}), odd, event(finish="stop"), b"data: [DONE]\n\n"]).chunks
    assert payloads(written(ChatFrames("alias"), chunks))[1]["choices"][0]["delta"] == {"content": "a"}


def test_a_chunk_that_a_seam_has_changed_is_written_as_it_is_now() -> None:
    beginning = whole(content="It was a dark and stormy night; the rain fell in torrents")
    chunks = Seam(beginning, ()).chunks(streamed({"content": "the rain fell in torrents"}, {"content": " on us"}))
    told = payloads(written(ChatFrames("alias"), chunks))
    assert {frame["id"] for frame in told} == {"c1"}
    text = "".join(frame["choices"][0]["delta"].get("content") or "" for frame in told if frame["choices"])
    assert text == " on us"


def sent(*events: bytes, model: str = "alias", shows_usage: bool = True) -> bytes:
    """What a client gets of a stream of a provider's."""
    reading = read([*events, b"data: [DONE]\n\n"])
    assert reading.error is None
    return written(ChatFrames(model, shows_usage=shows_usage), reading.chunks)


ROLE = event({"role": "assistant", "content": ""})
COUNTED = event(choices=[], usage=USAGE)
AS_OPENAI_WRITES: dict[str, list[bytes]] = {
    "text": [event({"content": "Hel"}), event({"content": "lo \u00e9"}), event(finish="stop")],
    "text with all that a provider may add": [
        event({"content": "a", "score": 0.5}, obfuscation="xyz", usage=None, service_tier="default", provider="acme"),
        event(finish="length", obfuscation="x"),
    ],
    "reasoning": [event({"reasoning_content": "hm"}), event({"content": "a"}), event(finish="stop")],
    "a refusal": [event({"refusal": "no"}), event(finish="stop")],
    "calls of tools": [
        *(event(delta) for delta in [*call(0, "f", '{"a"', ":1}"), *call(1, "g", "{}")]),
        event(finish="tool_calls"),
    ],
    "probabilities": [
        event(
            choices=[
                {
                    "index": 0,
                    "delta": {"content": "a"},
                    "logprobs": {"content": [{"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}]},
                    "finish_reason": None,
                }
            ]
        ),
        event(finish="stop"),
    ],
    "text without a finish reason": [event(choices=[{"index": 0, "delta": {"content": "a"}}]), event(finish="stop")],
    "a filter": [event({"content": "a"}), event(finish="content_filter")],
}


@pytest.mark.parametrize("pieces", AS_OPENAI_WRITES.values(), ids=AS_OPENAI_WRITES)
def test_events_as_openai_writes_them_are_sent_byte_for_byte(pieces: list[bytes]) -> None:
    came = [ROLE, *pieces, COUNTED]
    assert sent(*came, model="upstream") == b"".join([*came, b"data: [DONE]\n\n"])


def test_nothing_but_the_name_of_the_model_is_another() -> None:
    came = [ROLE, event({"content": 'its "model": "upstream"'}), event(finish="stop"), COUNTED]
    expected = b"".join([*came, b"data: [DONE]\n\n"]).replace(b'"model": "upstream", ', b'"model": "alias", ')
    assert sent(*came) == expected
    assert expected.count(b'\\"model\\": \\"upstream\\"') == 1


def test_the_usage_that_the_proxy_asked_for_is_not_sent_to_who_did_not() -> None:
    came = [ROLE, event({"content": "a"}, usage=None), event(finish="stop")]
    data = sent(*came, COUNTED, model="upstream", shows_usage=False)
    assert data == b"".join([*came, b"data: [DONE]\n\n"])


NOT_AS_OPENAI_WRITES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "a role again": (event({"role": "assistant", "content": "a"}), {"content": "a"}),
    "reasoning by another name": (event({"reasoning": "a"}), {"reasoning": "a", "reasoning_content": "a"}),
    "a choice without a number": (
        event(choices=[{"delta": {"content": "a"}, "finish_reason": None}]),
        {"content": "a"},
    ),
    "another model": (event({"content": "a"}, model="other"), {"content": "a"}),
    "usage beside the text": (event({"content": "a"}, usage=USAGE), {"content": "a"}),
    "a call without a number": (
        event({"tool_calls": [{"id": "t", "function": {"name": "f", "arguments": "{}"}}]}),
        {
            "tool_calls": [
                {"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ]
        },
    ),
}


@pytest.mark.parametrize(("odd", "delta"), NOT_AS_OPENAI_WRITES.values(), ids=NOT_AS_OPENAI_WRITES)
def test_an_event_that_is_not_as_openai_writes_it_is_put_into_its_form(odd: bytes, delta: dict[str, Any]) -> None:
    told = payloads(sent(ROLE, odd, event({"content": "b"}), event(finish="stop")))[1]
    plain = {"index": 0, "logprobs": None, "finish_reason": None}
    assert (told["model"], told["choices"], told.get("usage")) == ("alias", [{**plain, "delta": delta}], None)


def test_events_of_a_provider_that_leaves_out_the_head_are_put_into_openais_form() -> None:
    headless = [
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":null}]}\n\n',
    ]
    told = payloads(sent(*headless, event(finish="stop")))
    assert {(frame["model"], frame["object"]) for frame in told} == {("alias", "chat.completion.chunk")}
    assert all(frame["id"] and frame["created"] for frame in told)


def test_the_answer_of_another_format_is_written_as_openais() -> None:
    reply = begin() + thinking(0, "hm", "m") + text(1, "a", "b") + claude_call(2, '{"x":', "1}") + end("tool_use")
    chunks = read([reply], dialect=Anthropic()).chunks
    again = read_again(written(ChatFrames("alias"), chunks))
    assert content(again) == content(chunks)
    assert content(again)["calls"] == {0: ["t2", "f", '{"x":1}']}


def test_made_chunks_of_text_and_reasoning_are_written_around_their_text() -> None:
    def chunk(**delta: Any) -> ModelResponseStream:
        return ModelResponseStream(id="x", created=1, model="m", choices=[StreamingChoices(delta=Delta(**delta))])

    writer = ChatFrames("alias", shows_usage=False)
    plain = {"index": 0, "logprobs": None, "finish_reason": None}
    for delta in ({"role": "assistant"}, {"content": 'a"b'}, {"reasoning_content": "c"}, {"content": "a", "other": 1}):
        (told,) = payloads(writer.feed(chunk(**delta)))
        opening = {"content": ""} if "role" in delta else {}
        assert told == {
            **HEAD,
            "id": "x",
            "created": 1,
            "system_fingerprint": None,
            "choices": [{**plain, "delta": {**delta, **opening}}],
        }


def test_several_choices_keep_their_numbers() -> None:
    pieces = [event(choices=[{"index": n, "delta": {"role": "assistant", "content": str(n)}} for n in (0, 1)])]
    ends = [event(choices=[{"index": n, "delta": {}, "finish_reason": "stop"} for n in (0, 1)])]
    chunks = read([*pieces, *ends, b"data: [DONE]\n\n"]).chunks
    told = payloads(written(ChatFrames("alias"), chunks))
    assert {choice["index"] for frame in told for choice in frame["choices"]} == {0, 1}
    assert content(read_again(written(ChatFrames("alias"), chunks)))["text"] == "01"


def test_logprobs_are_written() -> None:
    entry = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}
    choice = {"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [entry]}}
    chunks = read(
        [event({"role": "assistant"}), event(choices=[choice]), event(finish="stop"), b"data: [DONE]\n\n"]
    ).chunks
    told = [
        frame["choices"][0]["logprobs"] for frame in payloads(written(ChatFrames("alias"), chunks)) if frame["choices"]
    ]
    assert [one["content"][0]["token"] for one in told if one] == ["a"]


def test_a_stream_that_breaks_off_ends_in_an_error_and_has_no_end_marker() -> None:
    writer = ChatFrames("alias")
    data = written(writer, streamed({"content": "a"}, finish=None), ends=False)
    data += writer.fail(failure_of(e.StreamTruncated("cut")))
    assert b"[DONE]" not in data
    error = payloads(data)[-1]["error"]
    assert (error["code"], error["retryable"], error["type"]) == ("upstream_truncated", True, "server_error")
    assert isinstance(read([data]).error, e.APIError)


def test_a_heartbeat_is_no_content() -> None:
    chunks = streamed({"content": "a"})
    writer = ChatFrames("alias")
    data = b"".join(writer.feed(chunk) + writer.heartbeat for chunk in chunks) + writer.finish()
    assert content(read_again(data)) == content(chunks)
