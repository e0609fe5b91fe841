"""A message of the Vercel AI SDK: as the real package reads it, and part by part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import aiollm
from aiollm.exceptions import StreamInterrupted
from aiollm.integrations.aiohttp import stream_response
from aiollm.integrations.vercel import UIMessages
from aiollm.outbound.failure import failure_of
from aiollm.testing import (
    LoggedRequest,
    ProviderServer,
    Steps,
    cut,
    delta,
    done,
    finish,
    reasoning,
    role,
    stall,
    status,
    tokens,
    tool_call,
    usage,
)
from aiollm.types.chunk import ModelResponseStream
from tests.integrations.services import aiohttp_serving
from tests.proxy.clients.node_clients import told_by
from tests.proxy.inbound.answers import call, payloads, streamed, written

PROGRAM = Path(__file__).with_name("vercel.mjs").read_text(encoding="utf-8")
CITED = {"type": "url_citation", "url_citation": {"url": "https://example.org/sky", "title": "The sky"}}
DRAWN = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}}
WISHES: dict[str, Steps] = {
    "talk": [role(), reasoning("let me see"), tokens("**blue**, and so on"), finish("length"), usage(5, 3), done()],
    "call": [role(), tokens("I look."), tool_call("weather", '{"city": "Ulm"}'), finish("tool_calls"), done()],
    "garble": [role(), tool_call("weather", '{"city": '), finish("tool_calls"), done()],
    "break off": [role(), tokens("half an answer"), cut()],
    "cite": [
        role(),
        tokens("It is known."),
        delta({"annotations": [CITED, CITED]}),
        delta({"images": [DRAWN]}),
        finish(),
    ],
    "refuse": status(429),
    "go on": [role(), tokens("so far"), stall()],
}


class Wishes:
    """Grants what is asked for; what is to begin anew breaks off at first."""

    def __init__(self) -> None:
        self._again = False

    def __call__(self, request: LoggedRequest) -> Steps:
        wish = request.json["messages"][-1]["content"]
        if wish != "begin anew":
            return WISHES[wish]
        self._again, again = not self._again, self._again
        return [role(), tokens("the whole"), finish(), done()] if again else [role(), tokens("half"), cut()]


@pytest.mark.slow
async def test_the_package_reads_messages_and_leaves() -> None:
    async with ProviderServer() as provider:
        provider.script(Wishes())

        async def chat(request: web.Request) -> web.StreamResponse:
            (asked,) = (await request.json())["messages"]
            messages = [{"role": "user", "content": asked["parts"][0]["text"]}]
            options: Any = {"api_base": provider.base_url, "api_key": "sk-test", "num_retries": 0}
            options["stream_options"] = {"include_usage": True}
            options |= {"mid_stream": "restart"} if messages[0]["content"] == "begin anew" else {}
            answer = aiollm.acompletion("openai/gpt-4o", messages, stream=True, **options)
            return await stream_response(request, answer, writer=UIMessages())

        async with aiohttp_serving(web.post("/chat", chat)) as port:
            told = await told_by(PROGRAM, provider, {"SERVICE": f"http://127.0.0.1:{port}/chat"})
    talk, called, garbled = (told[wish]["message"] for wish in ("talk", "call", "garble"))
    assert parts(talk) == [("reasoning", "let me see", "done"), ("text", "**blue**, and so on", "done")]
    assert talk["metadata"]["usage"] == {"inputTokens": 5, "outputTokens": 3, "totalTokens": 8}
    assert parts(called)[0] == ("text", "I look.", "done")
    assert (called["parts"][-1]["type"], called["parts"][-1]["state"]) == ("tool-weather", "input-available")
    assert called["parts"][-1]["input"] == {"city": "Ulm"}
    assert (garbled["parts"][-1]["state"], garbled["parts"][-1]["errorText"]) == (
        "output-error",
        "the arguments are no JSON",
    )
    source, file = told["cite"]["message"]["parts"][-2:]
    assert (source["type"], source["url"], source["title"]) == ("source-url", "https://example.org/sky", "The sky")
    assert (file["type"], file["mediaType"], file["url"]) == ("file", "image/png", DRAWN["image_url"]["url"])
    assert parts(told["begin anew"]["message"]) == [("text", "the whole", "done")]
    assert told["break off"]["error"] == "the answer broke off: it is not whole"
    assert parts(told["break off"]["message"]) == [("text", "half an answer", "streaming")]
    assert "rate_limit" in told["refuse"]["error"]
    assert {wish for wish, seen in told.items() if seen["error"]} == {"garble", "break off", "refuse"}


def parts(message: Any) -> list[Any]:
    return [(part["type"], part["text"], part["state"]) for part in message["parts"] if "text" in part]


def kinds(data: bytes) -> list[str]:
    return [payload["type"] for payload in payloads(data)]


def test_parts_begin_grow_and_end() -> None:
    data = written(UIMessages(), streamed({"reasoning_content": "r"}, {"content": "t"}, *call(0, "f", "{}")))
    assert kinds(data) == [
        *("start", "start-step", "reasoning-start", "reasoning-delta", "reasoning-end"),
        *("text-start", "text-delta", "text-end", "tool-input-start", "tool-input-delta", "tool-input-available"),
        *("finish-step", "finish"),
    ]
    assert data.endswith(b"data: [DONE]\n\n")


def test_calls_that_grow_by_turns_are_kept_apart() -> None:
    first, second = call(0, "f", '{"a":', "1}"), call(1, "g", '{"b":', "2}")
    turns = [piece for pair in zip(first, second, strict=True) for piece in pair]
    whole = [told for told in payloads(written(UIMessages(), streamed(*turns))) if told["type"].endswith("available")]
    assert [(told["toolCallId"], told["input"]) for told in whole] == [("call_0", {"a": 1}), ("call_1", {"b": 2})]


def test_a_tool_that_takes_text_is_given_text() -> None:
    custom = {"index": 0, "id": "c", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    start, piece, whole = payloads(written(UIMessages(), streamed({"tool_calls": [custom]})))[2:5]
    assert (start["inputEncoding"], piece["inputTextDelta"], whole["input"]) == ("text", "ls", "ls")


def test_an_error_is_the_last_part_and_has_no_end_marker() -> None:
    writer = UIMessages()
    data = written(writer, streamed({"content": "t"}, finish=None), ends=False) + writer.fail(
        failure_of(StreamInterrupted("reset by 10.1.2.3"))
    )
    assert payloads(data)[-1] == {"type": "error", "errorText": "the answer broke off: it is not whole"}
    assert b"[DONE]" not in data


def test_a_page_is_a_source_once_and_again_where_the_answer_begins_anew() -> None:
    recovery = ModelResponseStream(recovery={"action": "restart", "attempt": 2})
    chunks = streamed({"content": "t"}, {"annotations": [CITED]}, {"annotations": [CITED]}, finish=None, usage=None)
    data = written(UIMessages(), [*chunks, recovery, *streamed({"annotations": [CITED]})])
    assert [kind for kind in kinds(data) if kind in ("source-url", "reset-step")] == [
        "source-url",
        "reset-step",
        "source-url",
    ]


def test_of_a_picture_elsewhere_no_more_than_that_is_known() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a"}}
    (file,) = (
        told for told in payloads(written(UIMessages(), streamed({"images": [image]}))) if told["type"] == "file"
    )
    assert (file["mediaType"], file["url"]) == ("image/*", "https://example.org/a")
