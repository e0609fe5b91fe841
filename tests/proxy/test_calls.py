"""The routes that ask a model, over real sockets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiollm.testing import LoggedRequest, ProviderServer, cut, error_event, reply, role, silence, status, tokens
from tests.proxy.serving import Proxy, config, running


def events(text: str) -> list[Any]:
    """Return the data of a stream's events, parsed where it is JSON."""
    data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(item) if item.startswith("{") else item for item in data]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "/v1/engines/fast/chat/completions",
        "/engines/fast/chat/completions",
        "/openai/deployments/fast/chat/completions?api-version=2024-10-21",
    ],
)
async def test_a_chat_is_answered_on_each_of_its_paths(proxy: Proxy, path: str) -> None:
    proxy.provider.reply("Hello!")
    async with proxy.chat(path=path) as reply:
        body = await reply.json()
    assert (reply.status, body["model"], body["object"]) == (200, "fast", "chat.completion")
    assert body["choices"][0]["message"]["content"] == "Hello!"
    assert proxy.provider.log[0].json["model"] == "gpt-4o-mini"


async def test_a_stream_is_answered_in_openais_frames(proxy: Proxy) -> None:
    proxy.provider.reply("Hello there")
    async with proxy.chat(stream=True, stream_options={"include_usage": True}) as reply:
        told = events(await reply.text())
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["x-accel-buffering"] == "no"
    assert told[-1] == "[DONE]"
    assert told[-2]["choices"] == []
    assert told[-2]["usage"]["total_tokens"] > 0
    assert "".join(event["choices"][0]["delta"].get("content") or "" for event in told[:-2]) == "Hello there"
    assert {event["model"] for event in told[:-1]} == {"fast"}


async def test_headers_tell_who_answered(proxy: Proxy) -> None:
    async with proxy.chat() as reply:
        headers = reply.headers
    assert len(headers["x-request-id"]) == 32
    assert headers["x-litellm-call-id"] == headers["x-request-id"]
    assert (headers["x-aiollm-model"], headers["x-aiollm-deployment"], headers["x-aiollm-attempts"]) == (
        "fast",
        "first",
        "1",
    )
    assert float(headers["x-litellm-response-cost"]) > 0
    assert not [name for name in headers if "api-base" in name.lower() or "version" in name.lower()]


async def test_the_refusal_of_a_provider_has_its_status_its_wait_and_its_words(proxy: Proxy) -> None:
    proxy.provider.script(status(429, retry_after=7, body={"error": {"message": "slow down", "code": "too_many"}}))
    async with proxy.chat(stream=True) as reply:
        body = await reply.json()
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    assert (body["error"]["message"], body["error"]["code"], body["error"]["retryable"]) == (
        "openai answered 429: slow down",
        "too_many",
        True,
    )


async def test_an_error_before_the_first_content_of_a_stream_is_a_status(proxy: Proxy) -> None:
    proxy.provider.script([role(), error_event("overloaded", type="server_error")])
    async with proxy.chat(stream=True) as reply:
        body = await reply.json()
    assert reply.status >= 500
    assert body["error"]["message"].endswith("overloaded")


async def test_a_stream_that_ends_without_its_end_has_an_error_frame_and_no_end_marker(proxy: Proxy) -> None:
    proxy.provider.script([role(), tokens("half an answer")])
    async with proxy.chat(stream=True) as reply:
        told = events(await reply.text())
    assert reply.status == 200
    assert told[-1]["error"]["code"] == "upstream_truncated"
    assert told[-1]["error"]["retryable"] is True
    assert "[DONE]" not in told


async def test_a_completion_is_answered(proxy: Proxy) -> None:
    proxy.provider.reply("four")
    async with proxy.post("/v1/completions", {"model": "fast", "prompt": "two and two"}) as reply:
        body = await reply.json()
    assert body["choices"][0]["text"] == "four"
    async with proxy.post("/completions", {"model": "fast", "prompt": "two and two", "stream": True}) as reply:
        told = events(await reply.text())
    assert "".join(event["choices"][0]["text"] for event in told[:-1]) == "four"


async def test_embeddings_are_answered(proxy: Proxy) -> None:
    async with proxy.post("/v1/embeddings", {"model": "fast", "input": ["a", "b"]}) as reply:
        body = await reply.json()
    assert [item["index"] for item in body["data"]] == [0, 1]
    assert body["model"] == "fast"


async def test_messages_are_answered_whole_and_as_events(proxy: Proxy) -> None:
    proxy.provider.reply("Hello!")
    asked = {"model": "fast", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"x-api-key": "sk-master-0001", "anthropic-version": "2023-06-01"}
    async with proxy.post("/v1/messages", asked, key=None, headers=headers) as reply:
        body = await reply.json()
    assert (body["type"], body["content"], body["stop_reason"]) == (
        "message",
        [{"type": "text", "text": "Hello!"}],
        "end_turn",
    )
    async with proxy.post("/v1/messages", {**asked, "stream": True}, key=None, headers=headers) as reply:
        kinds = [event["type"] for event in events(await reply.text())]
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")


async def test_the_tokens_of_a_message_are_counted_and_nothing_is_sent(proxy: Proxy) -> None:
    asked = {"model": "fast", "messages": [{"role": "user", "content": "a word or two"}]}
    async with proxy.post("/v1/messages/count_tokens", asked) as reply:
        body = await reply.json()
    assert 3 <= body["input_tokens"] <= 30
    assert proxy.provider.log == []


async def test_a_response_is_answered_by_way_of_a_chat(proxy: Proxy) -> None:
    proxy.provider.reply("Hello!")
    async with proxy.post("/v1/responses", {"model": "fast", "input": "hi"}) as reply:
        body = await reply.json()
    assert body["output"][0]["content"][0]["text"] == "Hello!"
    async with proxy.post("/responses", {"model": "fast", "input": "hi", "stream": True}) as reply:
        kinds = [event["type"] for event in events(await reply.text())]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")


async def test_an_error_has_the_form_of_its_route(proxy: Proxy) -> None:
    async with proxy.post("/v1/messages", {"model": "fast", "messages": []}) as reply:
        body = await reply.json()
    assert (reply.status, body["type"], body["error"]["type"]) == (400, "error", "invalid_request_error")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"model": "slow", "messages": []}, (404, "model_not_found")),
        ({"messages": []}, (400, "invalid_request")),
        ({"model": "fast"}, (400, "invalid_request")),
        ({"model": "fast", "messages": [], "api_base": "http://127.0.0.1:1"}, (400, "parameter_not_allowed")),
    ],
)
async def test_a_request_that_cannot_be_answered_is_refused(
    proxy: Proxy, body: dict[str, Any], wanted: tuple[int, str]
) -> None:
    async with proxy.post("/v1/chat/completions", body) as reply:
        told = await reply.json()
    assert (reply.status, told["error"]["code"]) == wanted
    assert proxy.provider.log == []


async def test_what_is_no_route_is_refused_in_openais_form(proxy: Proxy) -> None:
    async with proxy.post("/v1/nothing", {}) as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"]) == (404, "unknown_route")
    async with proxy.client.get(f"{proxy.url}/v1/chat/completions") as reply:
        body = await reply.json()
    assert (reply.status, reply.headers["allow"], body["error"]["code"]) == (405, "POST", "method_not_allowed")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_caller_waits_no_longer_than_it_wants_to(proxy: Proxy, stream: bool) -> None:
    proxy.provider.script(silence())
    async with proxy.chat(timeout=0.2, stream=stream) as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"]) == (504, "upstream_timeout")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_model_that_stands_in_answers_under_its_own_name(
    provider: ProviderServer, tmp_path: Path, stream: bool
) -> None:
    provider.script(lambda request: status(503) if request.json["model"] == "gpt-4o-mini" else reply("Hello!"))
    async with (
        running(config(provider, standing_in="openai/gpt-4o"), provider, tmp_path) as proxy,
        proxy.chat(stream=stream) as answer,
    ):
        told = events(await answer.text())[:-1] if stream else [await answer.json()]
    assert {event["model"] for event in told} == {"other"}
    assert (answer.headers["x-aiollm-model"], answer.headers["x-litellm-attempted-fallbacks"]) == ("other", "1")


async def test_an_answer_that_breaks_off_goes_on_where_that_is_asked_for(
    provider: ProviderServer, tmp_path: Path
) -> None:
    def answers(request: LoggedRequest) -> Any:
        if request.json["model"] == "small":
            return [role(), tokens("The sky is"), cut()]
        return reply(" blue." if request.json["messages"][-1]["role"] == "assistant" else "The sea.")

    provider.script(answers)
    standing_in = config(provider, model="mistral/small", standing_in="mistral/large", routing=CONTINUING)
    async with (
        running(standing_in, provider, tmp_path) as proxy,
        proxy.chat(stream=True) as answer,
    ):
        told = events(await answer.text())
        (row,) = await proxy.rows()
    assert told[-1] == "[DONE]"
    assert "".join(event["choices"][0]["delta"].get("content") or "" for event in told[:-1]) == "The sky is blue."
    assert "recovery" not in str(told)
    assert (row.status, row.attempts, row.served_model) == ("success", 3, "large")


CONTINUING = "  enable_mid_stream_fallback_continuation: true\n"
