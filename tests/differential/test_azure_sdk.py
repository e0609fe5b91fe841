"""The official client for Azure and ours send the same request, and say the same of the same answers."""

from __future__ import annotations

from typing import Any

import openai
import pytest

import aiollm
from aiollm.testing import LoggedRequest, ProviderServer, Step, chunk, delta, done, event, finish, role, status, tokens

MESSAGES: Any = [{"role": "user", "content": "Hello"}]
FILTER = {"hate": {"filtered": True, "severity": "high"}, "jailbreak": {"filtered": False, "detected": False}}
REFUSED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": FILTER},
    }
}
SAFE = {"hate": {"filtered": False, "severity": "safe"}}
OFFSETS = {"check_offset": 44, "start_offset": 44, "end_offset": 198}


def theirs(server: ProviderServer, **options: Any) -> openai.AsyncAzureOpenAI:
    given: dict[str, Any] = {"azure_endpoint": server.base_url.removesuffix("/v1"), "api_version": "2024-10-21"}
    return openai.AsyncAzureOpenAI(**given | options, max_retries=0)


def filtered(offsets: dict[str, int]) -> Step:
    """A frame of the asynchronous filter: no delta."""
    return event({"choices": [{"index": 0, "content_filter_results": SAFE, "content_filter_offsets": offsets}]})


def essence(request: LoggedRequest) -> tuple[Any, ...]:
    headers = {name: request.headers.get(name) for name in ("api-key", "authorization", "content-type")}
    return request.method, request.target, headers, request.json


@pytest.mark.parametrize("options", [{}, {"temperature": 0.5, "max_tokens": 5, "stop": ["a"], "seed": 3}])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("credential", ["api_key", "azure_ad_token"])
async def test_both_send_the_same_request(options: dict[str, Any], stream: bool, credential: str) -> None:
    async with ProviderServer() as server:
        async with theirs(server, **{credential: "k-0123456789"}) as client:
            reply = await client.chat.completions.create(model="my dep", messages=MESSAGES, stream=stream, **options)
            if stream:
                async for _ in reply:
                    pass
        answer = await aiollm.acompletion(
            "azure/my dep",
            MESSAGES,
            stream=stream,
            api_base=server.base_url.removesuffix("/v1"),
            api_version="2024-10-21",
            **{credential: "k-0123456789"},
            **options,
        )
        if stream:
            async for _ in answer:
                pass
        sent, mine = server.log
        expected = essence(sent)
        if not stream:
            expected[3].pop("stream", None)  # theirs says False
        assert essence(mine) == expected


async def test_a_refusal_is_the_same_error_and_ours_tells_what_the_filter_found() -> None:
    async with ProviderServer() as server:
        server.script(status(400, body=REFUSED))
        server.script(status(400, body=REFUSED))
        async with theirs(server, api_key="k") as client:
            with pytest.raises(openai.BadRequestError) as refused:
                await client.chat.completions.create(model="d", messages=MESSAGES)
        with pytest.raises(aiollm.ContentPolicyViolationError) as caught:
            await aiollm.acompletion("azure/d", MESSAGES, api_base=server.base_url, api_key="k")
        assert (refused.value.status_code, refused.value.code) == (caught.value.status_code, caught.value.code)
        assert caught.value.filter_result == FILTER


async def test_the_preamble_and_the_filters_of_a_stream() -> None:
    steps = [
        chunk({"id": "", "model": "", "created": 0, "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}),
        role(),
        tokens("one two"),
        filtered(OFFSETS),
        finish(),
        filtered({**OFFSETS, "end_offset": 9}),
        done(),
    ]
    async with ProviderServer() as server:
        server.script(steps)
        server.script(steps)
        async with theirs(server, api_key="k") as client:
            reply = await client.chat.completions.create(model="d", messages=MESSAGES, stream=True)
            text = ""
            async for piece in reply:
                if piece.choices and piece.choices[0].delta is not None:
                    text += piece.choices[0].delta.content or ""
        stream = await aiollm.acompletion("azure/d", MESSAGES, stream=True, api_base=server.base_url, api_key="k")
        chunks = [piece async for piece in stream]
    assert "".join(piece.choices[0].delta.content or "" for piece in chunks) == text == "one two"
    assert chunks[0]["prompt_filter_results"] == [{"prompt_index": 0}]
    assert len({(piece.id, piece.model, piece.created) for piece in chunks}) == 1
    assert chunks[0].id
    assert all(piece.choices for piece in chunks)
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-2].choices[0]["content_filter_offsets"] == OFFSETS
    assert chunks[-1].choices[0]["content_filter_offsets"]["end_offset"] == 9
    whole = aiollm.stream_chunk_builder(chunks)
    assert whole is not None
    assert whole.choices[0].finish_reason == "stop"
    assert whole.choices[0]["content_filter_results"] == SAFE


async def test_a_filter_that_cuts_an_answer_is_its_finish_reason() -> None:
    ended = [delta({}, finish_reason="content_filter", content_filter_results=FILTER)]
    async with ProviderServer() as server:
        server.script([role(), delta({"content": "bad"}), *ended, done()])
        stream = await aiollm.acompletion("azure/d", MESSAGES, stream=True, api_base=server.base_url, api_key="k")
        last = [piece async for piece in stream][-1]
    assert last.choices[0].finish_reason == "content_filter"
    assert last.choices[0]["content_filter_results"] == FILTER
