"""The stream of the Responses API: the engine's own, of events instead of chunks."""

from __future__ import annotations

from aiollm.dialects.responses_message import chat_usage, finish_of
from aiollm.engine.stream import AnswerStream
from aiollm.engine.whole import Account
from aiollm.types.responses import ResponsesAPIResponse, ResponsesStreamEvent

__all__ = ["EventStream"]


class EventStream(AnswerStream[ResponsesStreamEvent, ResponsesAPIResponse]):
    """The typed events of one response: an asynchronous iterator that closes its connection when it is left.

        stream = await aiollm.aresponses("Why is the sky blue?", "openai/gpt-4o", stream=True)
        async for event in stream:
            if event.type == "response.output_text.delta":
                print(event.delta, end="")

    It reads, closes and keeps its account (`usage`, `finish_reason`, in the terms of chat) as `ChunkStream` does. It
    ends with a `response.completed` or `response.incomplete` event. After `response.failed` the error that it stands
    for is raised; a stream that ends in any other way raises `StreamTruncated` or `StreamInterrupted`. The error's
    `partial` is the response so far.
    """

    @staticmethod
    def _account_of(response: ResponsesAPIResponse) -> Account:
        told = response.model_dump()
        return Account(chat_usage(told.get("usage")), finish_of(told))
