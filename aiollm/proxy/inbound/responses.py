"""OpenAI's Responses API: a request in, a response out, whole or as typed events.

A model whose provider has the API is asked by it (`parse_response`); any other by way of a chat
(`responses_chat.parse_response_as_chat`). Source: the types of openai-python 3.57.0 (`types/responses`).
"""

from __future__ import annotations

from typing import Any

from aiollm.outbound.frames import encode, event_frame
from aiollm.outbound.renaming import Renaming
from aiollm.proxy.inbound.allowed import arguments_of, seconds_of
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.body import asked_model, flag, refused, text
from aiollm.proxy.inbound.failure import Failure
from aiollm.types.lenient import lenient_json
from aiollm.types.responses import ResponsesAPIResponse, ResponsesStreamEvent

__all__ = ["RESPONSE_PARAMS", "ResponseFrames", "failure_frames", "parse_response", "response_body"]

RESPONSE_PARAMS = frozenset(
    {
        "background",
        "context_management",
        "conversation",
        "include",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "stream_options",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    }
)
"""Parameters of the API besides `model`, `input` and `stream`."""

_HANDLED = frozenset({"model", "input", "stream"})


def parse_response(body: dict[str, Any]) -> Asked:
    """Return what a request for a response asks.

    Raises:
        BadRequestError: it lacks what it needs, or says what only the operator may.
    """
    streams = flag(body, "stream")
    if not isinstance(body.get("input"), str | list):
        raise refused("input", "must be given, as text or a list of items")
    arguments = {"input": body["input"], **arguments_of(body, RESPONSE_PARAMS, _HANDLED)}
    if streams:
        arguments["stream"] = True
    return Asked(
        call="responses",
        model=asked_model(body),
        arguments=arguments,
        stream=streams,
        include_usage=True,
        timeout=seconds_of(body),
        user=text(body, "user"),
    )


def response_body(response: ResponsesAPIResponse, asked: Asked) -> bytes:
    """Return the body of a whole response; the model has the name that the caller gave it."""
    return encode({**response.model_dump(), "model": asked.model})


class ResponseFrames:
    """Writes one stream of the API's own events."""

    heartbeat = b": keep-alive\n\n"
    alike = None

    def __init__(self, asked: Asked) -> None:
        self._model = asked.model
        self._renamed = Renaming(asked.model, _served_model)
        self._id = ""
        self._number = 0

    def feed(self, event: ResponsesStreamEvent) -> bytes:
        """Return the frame of an event, as it came but for the model, which has the name that the caller gave it."""
        self._number = event.sequence_number or self._number
        data, response = event._rest, event.response  # pyright: ignore[reportPrivateUsage]  # not for users
        if isinstance(response, ResponsesAPIResponse):
            self._id = response.id or self._id
        if type(data) is bytes:
            # Over several lines it was several lines of the event; within JSON's texts there is no line end.
            data = data.replace(b"\n", b" ")
            renamed = data if response is None else self._renamed(data)
            if renamed is not None:
                return b"event: %b\ndata: %b\n\n" % (event.type.encode(), renamed)
        told = event.model_dump()
        if isinstance(response, ResponsesAPIResponse):
            told["response"] = {**told["response"], "model": self._model}
        return event_frame(event.type, told)

    def finish(self) -> bytes:
        """Return nothing: the last event was the end."""
        return b""

    def fail(self, failure: Failure) -> bytes:
        """Return the error as the last events."""
        return failure_frames(failure, {"id": self._id, "object": "response", "model": self._model}, self._number + 1)


def _served_model(data: bytes) -> str | None:
    model = lenient_json(data)["response"].get("model")
    return model if isinstance(model, str) else None


def failure_frames(failure: Failure, response: dict[str, Any], number: int) -> bytes:
    """Return the events that say that a response failed.

    Args:
        failure: what the caller is told.
        response: the response so far.
        number: the sequence number of the first event.
    """
    told = {**failure.members(), "kind": failure.type, "type": "error", "sequence_number": number}
    error = {"code": failure.code, "message": failure.message}
    failed = {**response, "status": "failed", "error": error}
    ending = {"type": "response.failed", "sequence_number": number + 1, "response": failed}
    return event_frame("error", told) + event_frame("response.failed", ending)
