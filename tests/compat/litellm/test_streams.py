from __future__ import annotations

import copy
from typing import Any

import pytest

import aiollm
from aiollm.compat import litellm
from aiollm.testing import ProviderServer, cut, role, stall, tokens

MODEL = "openai/gpt-4o"
MESSAGES = [{"role": "user", "content": "Hello!"}]


def chunks() -> list[Any]:
    texts = [{"index": 0, "delta": {"content": text}} for text in "ab"]
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [aiollm.ModelResponseStream(id="1", choices=[choice]) for choice in [*texts, last]]


@pytest.mark.parametrize("how", ["break", "close", "with"])
def test_leaving_a_blocking_stream_closes_it_while_a_variable_holds_it(how: str, server: ProviderServer) -> None:
    server.script([role(), tokens("one two three"), stall()])
    stream = litellm.completion(MODEL, MESSAGES, stream=True)
    if how == "break":
        for _ in stream:
            break
    elif how == "close":
        stream.close()
    else:
        with stream:
            next(stream)
    assert server.run(server.wait_for_disconnect(0)).disconnected_by == "client"


@pytest.mark.parametrize("how", ["break", "aclose", "async with"])
async def test_leaving_a_stream_closes_it_while_a_variable_holds_it(how: str) -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("one two three"), stall()])
        stream = await litellm.acompletion(MODEL, MESSAGES, stream=True, api_base=server.base_url, api_key="none")
        if how == "break":
            async for _ in stream:
                break
        elif how == "aclose":
            await stream.aclose()
        else:
            async with stream:
                await anext(stream)
        assert (await server.wait_for_disconnect(0)).disconnected_by == "client"


def test_an_answer_that_breaks_off_raises_litellms_error(server: ProviderServer) -> None:
    server.script([role(), tokens("so far"), cut()])
    stream = litellm.completion(MODEL, MESSAGES, stream=True)
    with pytest.raises(litellm.MidStreamFallbackError) as caught:
        list(stream)
    assert caught.value.partial.choices[0].message.content == "so far"


async def test_an_awaited_answer_that_breaks_off_raises_litellms_error() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("so far"), cut()])
        stream = await litellm.acompletion(MODEL, MESSAGES, stream=True, api_base=server.base_url, api_key="none")
        with pytest.raises(litellm.ServiceUnavailableError):
            [chunk async for chunk in stream]


def test_the_chunks_that_were_read_are_kept(server: ProviderServer) -> None:
    stream = litellm.completion(MODEL, MESSAGES, stream=True)
    read = list(stream)
    assert stream.chunks == read
    built = litellm.stream_chunk_builder(stream.chunks, messages=MESSAGES)
    assert built is not None
    assert built.choices[0].message.content == "Fine, thanks!"
    assert (stream.response_id, stream.received_finish_reason) == (read[0].id, "stop")


def test_what_streams_tell_it_tells_too(server: ProviderServer) -> None:
    stream = litellm.completion(MODEL, MESSAGES, stream=True)
    assert (stream.model, stream.custom_llm_provider) == ("gpt-4o", "openai")
    assert stream._hidden_params["api_base"]
    assert len(stream.attempts) == 1
    assert "CustomStreamWrapper" in repr(stream)
    stream.close()


async def test_it_is_made_of_chunks_that_are_there_already() -> None:
    given = chunks()
    stream = litellm.CustomStreamWrapper(
        completion_stream=litellm.ModelResponseListIterator(model_responses=given),
        model="mine",
        custom_llm_provider="cached_response",
        logging_obj=None,
    )
    assert [chunk async for chunk in stream] == given
    assert list(litellm.CustomStreamWrapper(litellm.ModelResponseListIterator(given), model="mine")) == given
    assert stream.model == "mine"


def test_a_copy_is_made_without_a_loop() -> None:
    stream = litellm.CustomStreamWrapper(litellm.ModelResponseListIterator(chunks()))
    assert len(list(copy.copy(stream))) == 3


def test_a_stream_of_text_has_texts(server: ProviderServer) -> None:
    stream = litellm.text_completion(prompt="Say", model=MODEL, stream=True)
    read = list(stream)
    assert "".join(chunk.choices[0].text for chunk in read) == "Fine, thanks!"
    assert {chunk.object for chunk in read} == {"text_completion"}
    assert read[-1]["choices"][0]["finish_reason"] == "stop"


async def test_an_awaited_stream_of_text_has_texts() -> None:
    stream = await litellm.atext_completion("Say", MODEL, stream=True, mock_response="words")
    assert "".join([chunk.choices[0].text async for chunk in stream]) == "words"
    stream = await litellm.atext_completion(["Say"], MODEL, stream=True, mock_response="words")
    assert (await anext(stream)).choices[0].text == "wor"


def test_a_text_is_a_whole_completion(server: ProviderServer) -> None:
    answer = litellm.text_completion("Say", MODEL, logprobs=2)
    assert (answer.choices[0].text, answer.object) == ("Fine, thanks!", "text_completion")
    assert server.log[0].member("top_logprobs") == 2
    assert next(litellm.text_completion("Say", MODEL, stream=True, mock_response="x")).choices[0].text == "x"


@pytest.mark.parametrize(
    "wrong", [{"prompt": ["a", "b"]}, {"prompt": "a", "suffix": "z"}, {"prompt": "a", "echo": True}]
)
def test_what_a_chat_cannot_do_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(litellm.BadRequestError):
        litellm.text_completion(model=MODEL, **wrong)
