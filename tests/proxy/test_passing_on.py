"""Streams of a provider that speaks the client's own format: handed on as they come, and accounted for all the same."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from aiollm.testing import Step, cut, raw, rst, split, stall
from tests.proxy.serving import Proxy

MODEL = "gpt-4o-mini-2024-07-18"
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
DONE = b"data: [DONE]\n\n"


def event(delta: Any, finish: str | None = None, **members: Any) -> bytes:
    """An event as OpenAI writes it, without spaces."""
    choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    head = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1700000000, "model": MODEL}
    payload = {**head, "system_fingerprint": "fp_1", "choices": choices, "usage": None, **members}
    return b"data: %b\n\n" % json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


ROLE = event({"role": "assistant", "content": "", "refusal": None})
TEXT = [event({"content": text}) for text in ["Why", " not", ' "so"?', "\n", " Ça", " va", " 🎉", " well", "."]]
FINISH = event({}, "stop")
COUNTED = event({}, choices=[], usage=USAGE)
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
TOOLS = [
    event({"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None}),
    *[event({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}) for piece in ('{"a', '":1', "}")],
    event({}, "tool_calls"),
]
REASONING = [event({"reasoning_content": thought}) for thought in ("hm", " so", ".")]


def renamed(*events: bytes) -> bytes:
    """What a client gets of events: the model has the name that it asked for."""
    return b"".join(events).replace(b'"model":"%b"' % MODEL.encode(), b'"model":"fast"')


async def got(proxy: Proxy, *steps: Step, usage: bool = True) -> bytes:
    """What a client gets of a stream that a provider sends."""
    proxy.provider.script([*steps])
    async with proxy.chat(stream=True, stream_options={"include_usage": usage}) as reply:
        assert reply.status == 200
        data: bytes = await reply.read()
    return data


STREAMS: dict[str, list[bytes]] = {
    "text": [ROLE, *TEXT, FINISH, COUNTED],
    "reasoning, then text": [ROLE, *REASONING, *TEXT, FINISH, COUNTED],
    "a call of a tool": [*TOOLS, COUNTED],
    "text, then a call of a tool": [ROLE, *TEXT, *TOOLS[1:1], event({"tool_calls": [CALL]}), *TOOLS[1:], COUNTED],
    "padded": [ROLE, *[event({"content": "a"}, obfuscation="x" * n) for n in range(1, 20)], FINISH, COUNTED],
    "hundreds of pieces": [ROLE, *TEXT * 60, FINISH, COUNTED],
    "two choices": [
        *[event({}, choices=[{"index": n, "delta": {"role": "assistant", "content": ""}}]) for n in (0, 1)],
        *[event({}, choices=[{"index": n, "delta": {"content": t}}]) for t in ("a", "b", "c", "d") for n in (0, 1)],
        *[event({}, choices=[{"index": n, "delta": {}, "finish_reason": "stop"}]) for n in (0, 1)],
        COUNTED,
    ],
}


@pytest.mark.parametrize("events", STREAMS.values(), ids=STREAMS)
async def test_what_goes_in_comes_out_byte_for_byte_but_for_the_name_of_the_model(
    proxy: Proxy, events: list[bytes]
) -> None:
    assert await got(proxy, raw(b"".join([*events, DONE]))) == renamed(*events, DONE)
    (row,) = await proxy.rows()
    assert (row.status, row.prompt_tokens, row.completion_tokens, row.usage_source) == ("success", 11, 7, "provider")


@pytest.mark.parametrize("size", [97, 1000])
async def test_so_it_does_however_it_is_cut(proxy: Proxy, size: int) -> None:
    events = [ROLE, *REASONING, *TEXT * 3, FINISH, COUNTED, DONE]
    assert await got(proxy, split(size, raw(b"".join(events)), gap=0.001)) == renamed(*events)


async def test_a_model_that_is_called_as_the_caller_calls_it_needs_no_other_name(proxy: Proxy) -> None:
    events = [part.replace(MODEL.encode(), b"fast") for part in [ROLE, *TEXT, FINISH, COUNTED, DONE]]
    assert await got(proxy, raw(b"".join(events))) == b"".join(events)


async def test_usage_that_nobody_asked_for_is_counted_and_not_sent(proxy: Proxy) -> None:
    data = await got(proxy, raw(b"".join([ROLE, *TEXT, FINISH, COUNTED, DONE])), usage=False)
    assert data == renamed(ROLE, *TEXT, FINISH, DONE)
    assert proxy.provider.log[0].json["stream_options"] == {"include_usage": True}
    (row,) = await proxy.rows()
    assert (row.completion_tokens, row.usage_source) == (7, "provider")


async def test_comments_of_the_provider_are_left_out(proxy: Proxy) -> None:
    ping = b": processing\n\n"
    data = await got(proxy, raw(b"".join([ping, ROLE, TEXT[0], ping, *TEXT[1:], ping, FINISH, COUNTED, DONE])))
    assert data == renamed(ROLE, *TEXT, FINISH, COUNTED, DONE)


async def test_an_odd_event_among_others_is_put_into_openais_form(proxy: Proxy) -> None:
    odd = event({"role": "assistant", "reasoning": "hm"})
    data = await got(proxy, raw(b"".join([ROLE, *TEXT, odd, *TEXT, FINISH, COUNTED, DONE])))
    before, after = renamed(ROLE, *TEXT), renamed(*TEXT, FINISH, COUNTED, DONE)
    assert data.startswith(before)
    assert data.endswith(after)
    told = json.loads(data[len(before) : -len(after)].removeprefix(b"data: "))
    assert told["choices"][0]["delta"] == {"reasoning": "hm", "reasoning_content": "hm"}


# How a stream ends


async def test_an_end_marker_that_the_provider_leaves_out_is_sent_after_a_whole_answer(proxy: Proxy) -> None:
    assert await got(proxy, raw(b"".join([ROLE, *TEXT, FINISH, COUNTED]))) == renamed(
        ROLE, *TEXT, FINISH, COUNTED, DONE
    )


BROKEN: dict[str, tuple[list[Step], str]] = {
    "an end without its end": ([], "upstream_truncated"),
    "a cut": ([cut()], "upstream_interrupted"),
    "a reset": ([rst()], "upstream_interrupted"),
    "half an event": ([raw(TEXT[0][:40])], "upstream_truncated"),
    "an event that is no JSON": ([raw(b"data: {bro\n\n")], "upstream_invalid_response"),
    "an error": ([raw(b'data: {"error":{"message":"no room","code":"full","type":"server_error"}}\n\n')], "full"),
    "an error by name": ([raw(b'event: error\ndata: {"message":"no room","code":"full"}\n\n')], "full"),
}


@pytest.mark.parametrize(("steps", "code"), BROKEN.values(), ids=BROKEN)
async def test_what_breaks_off_has_all_that_came_an_error_and_no_end_marker(
    proxy: Proxy, steps: list[Step], code: str
) -> None:
    data = await got(proxy, raw(b"".join([ROLE, *TEXT])), stall(0.02), *steps)
    whole = renamed(ROLE, *TEXT)
    assert data.startswith(whole)
    error = json.loads(data[len(whole) :].removeprefix(b"data: "))["error"]
    assert (error["code"], isinstance(error["retryable"], bool)) == (code, True)
    (row,) = await proxy.rows()
    assert row.status in ("truncated", "failure")
    assert row.usage_source == "estimated"
    assert row.completion_tokens >= len(TEXT)


async def test_a_client_that_leaves_ends_the_request_and_what_came_is_counted(proxy: Proxy) -> None:
    proxy.provider.script([raw(b"".join([ROLE, *TEXT * 4])), stall()])
    async with proxy.chat(stream=True) as reply:
        await reply.content.readany()
    await proxy.provider.wait_for_disconnect(timeout=5)
    await proxy.gateway.live.wait_empty()
    (row,) = await proxy.rows()
    assert (row.status, row.usage_source) == ("cancelled", "estimated")
    assert row.completion_tokens >= 4 * len(TEXT)


async def test_silence_after_pieces_that_were_handed_on_ends_in_an_error(proxy: Proxy) -> None:
    proxy.provider.script([raw(b"".join([ROLE, *TEXT])), stall(heartbeat=0.05)])
    async with asyncio.timeout(10), proxy.chat(stream=True, timeout=0.4) as reply:
        data = await reply.read()
    assert json.loads(data[len(renamed(ROLE, *TEXT)) :].removeprefix(b"data: "))["error"]["code"] == "upstream_timeout"
