from __future__ import annotations

import asyncio
from typing import Any

import pytest

import aiollm
from aiollm.testing import run_in_virtual_time
from tests.engine.calling import MESSAGES, text_of


async def mocked(mock: Any, **options: Any) -> Any:
    return await aiollm.acompletion(model="openai/scripted", messages=MESSAGES, mock_response=mock, **options)


async def test_a_text_is_the_answer() -> None:
    response = await mocked("It is so.")
    assert response.choices[0].message.content == "It is so."
    assert response.choices[0].finish_reason == "stop"
    assert response.model == "scripted"
    assert response.usage.total_tokens == 30


async def test_a_text_is_streamed_in_pieces() -> None:
    chunks = [chunk async for chunk in await mocked("It is so.", stream=True)]
    assert text_of(chunks) == "It is so."
    assert len(chunks) == 4
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, "stop"]
    assert [chunk.choices[0].delta.role for chunk in chunks] == ["assistant", None, None, None]
    assert len({chunk.id for chunk in chunks}) == 1


async def test_each_choice_gets_the_text() -> None:
    assert [choice.message.content for choice in (await mocked("yes", n=3)).choices] == ["yes"] * 3
    chunks = [chunk async for chunk in await mocked("yes", n=2, stream=True)]
    assert (text_of(chunks, 0), text_of(chunks, 1)) == ("yes", "yes")


async def test_usage_comes_last_when_it_was_asked_for() -> None:
    chunks = [chunk async for chunk in await mocked("yes", stream=True, stream_options={"include_usage": True})]
    assert chunks[-1].usage.total_tokens == 30
    assert len(chunks[-1].choices) == 0


@pytest.mark.parametrize("as_dict", [True, False])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_whole_answer_may_be_given(as_dict: bool, stream: bool) -> None:
    given = {"id": "mine", "choices": [{"index": 0, "message": {"content": "whole"}, "finish_reason": "length"}]}
    result = await mocked(given if as_dict else aiollm.ModelResponse(**given), stream=stream)
    if stream:
        chunks = [chunk async for chunk in result]
        assert text_of(chunks) == "whole"
        assert chunks[-1].choices[0].finish_reason == "length"
        assert result.finish_reason == "length"
    else:
        assert (result.id, result.choices[0].message.content) == ("mine", "whole")


@pytest.mark.parametrize("stream", [True, False])
async def test_an_exception_is_raised(stream: bool) -> None:
    error = LookupError("as told")
    with pytest.raises(LookupError, match="as told") as caught:
        await mocked(error, stream=stream)
    assert caught.value is error


@pytest.mark.parametrize("name", ["RateLimitError", "ContextWindowExceededError", "InternalServerError"])
async def test_litellms_names_of_errors_are_raised(name: str) -> None:
    with pytest.raises(getattr(aiollm, name), match="mock") as caught:
        await mocked(f"litellm.{name}")
    assert (caught.value.model, caught.value.llm_provider) == ("scripted", "openai")


async def test_an_empty_text_is_an_answer() -> None:
    assert (await mocked("")).choices[0].message.content == ""
    chunks = [chunk async for chunk in await mocked("", stream=True)]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == ["stop"]


async def test_a_mock_stream_is_a_stream_that_has_ended() -> None:
    stream = await mocked("yes", stream=True)
    assert isinstance(stream, aiollm.ChunkStream)
    assert stream.closed
    assert not stream.finish_inferred
    assert stream.usage.total_tokens == 30


async def test_the_blocking_function_mocks_too() -> None:
    assert (
        text_of(aiollm.completion(model="openai/scripted", messages=MESSAGES, mock_response="yes", stream=True))
        == "yes"
    )


CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}


async def called(**options: Any) -> Any:
    return await aiollm.acompletion(model="openai/scripted", messages=MESSAGES, **options)


async def test_tool_calls_are_made_up_without_a_key() -> None:
    response = await called(mock_tool_calls=[CALL])
    assert response.choices[0].message.tool_calls[0].function.name == "weather"
    assert (response.choices[0].message.content, response.choices[0].finish_reason) == (None, "tool_calls")


async def test_tool_calls_stand_beside_a_text_and_are_streamed() -> None:
    stream = await called(mock_response="I look.", mock_tool_calls=[CALL], stream=True)
    built = aiollm.stream_chunk_builder([chunk async for chunk in stream])
    assert built is not None
    assert built.choices[0].message.content == "I look."
    assert built.choices[0].message.tool_calls is not None
    assert built.choices[0].message.tool_calls[0].function.arguments == '{"city": "Paris"}'
    assert built.choices[0].finish_reason == "tool_calls"


def test_a_mock_timeout_runs_into_the_clock_of_the_call() -> None:
    async def timed() -> float:
        with pytest.raises(aiollm.Timeout, match="within 30 s"):
            await called(mock_timeout=True, timeout=30, num_retries=0)
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(timed()) == pytest.approx(30, abs=0.1)


async def test_a_mock_timeout_needs_a_clock() -> None:
    with pytest.raises(aiollm.BadRequestError, match="mock_timeout"):
        await called(mock_timeout=True, timeout=aiollm.Timeouts(first_token=None), stream=True)


async def test_chunks_are_streamed_as_they_are_given() -> None:
    given = [aiollm.ModelResponseStream(id="1", choices=[{"index": 0, "delta": {"content": text}}]) for text in "ab"]
    assert [chunk.choices[0].delta.content async for chunk in await called(mock_response=given, stream=True)] == [*"ab"]
    assert (await called(mock_response=given)).choices[0].message.content == "ab"
    assert [chunk.id async for chunk in await called(mock_response=given[0], stream=True)] == ["1"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_filter_refuses_by_name(stream: bool) -> None:
    with pytest.raises(aiollm.ContentPolicyViolationError) as caught:
        await called(mock_response="Exception: content_filter_policy", stream=stream)
    assert caught.value.status_code == 400


async def test_a_stream_breaks_off_by_name_after_its_text() -> None:
    stream = await called(mock_response="Exception: mock_streaming_error", stream=True)
    chunks = await stream.next_batch()
    with pytest.raises(aiollm.MidStreamFallbackError) as caught:
        await anext(stream)
    assert text_of(chunks) == "This is a mock request" == caught.value.partial.choices[0].message.content
    assert caught.value.status_code == 529


@pytest.mark.parametrize("wrong", [{"mock_response": 7}, {"mock_response": []}, {"mock_tool_calls": "f"}])
async def test_what_cannot_be_made_up_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(aiollm.BadRequestError, match="mock_"):
        await called(**wrong)
