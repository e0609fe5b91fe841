"""Gemini's `generateContent`: the dialect of the Gemini API, and of the Gemini models on Vertex AI.

The model stands in the URL, and whether the answer is streamed does too. The wire's facts are those of google-genai's
types (https://ai.google.dev/api/generate-content).
"""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.body import json_request, put_into_form
from aiollm.dialects.errors import MALFORMED
from aiollm.dialects.gemini_message import CandidateState, log_probabilities, metadata_members
from aiollm.dialects.gemini_request import gemini_body
from aiollm.dialects.gemini_stream import GeminiDecoder
from aiollm.dialects.gemini_usage import gemini_usage
from aiollm.dialects.google_error import google_error, is_google_error, reply_error
from aiollm.dialects.split import split_answer
from aiollm.dialects.unreadable import invalid_reply, reply_json
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.endpoint import Endpoint
from aiollm.types.lenient import whole_number
from aiollm.types.request import Request
from aiollm.types.response import Choices, Message, ModelResponse
from aiollm.types.shape import JSON
from aiollm.wire.http import HttpRequest, ReplyHead
from aiollm.wire.jsonarray import ArrayOrEventsFramer

__all__ = ["Gemini"]


class Gemini:
    """`POST {base}/models/{model}:generateContent`: a JSON body in, server-sent events or one JSON object out."""

    def framer(self) -> ArrayOrEventsFramer:
        """Return a framer for the body of a streamed reply: events, or an array where a gateway lost `alt=sse`."""
        return ArrayOrEventsFramer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        return json_request(put_into_form(gemini_body, request, endpoint), request, endpoint)

    def decoder(self, request: Request, context: Context) -> GeminiDecoder:
        """Return a decoder for the events of a streamed reply."""
        return GeminiDecoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply."""
        provider = context.endpoint.provider
        payload: JSON = reply_json(body, provider=provider, model=request.model)
        if is_google_error(payload):
            raise google_error(payload, provider=provider, model=request.model)
        if not isinstance(payload, dict) or not (payload.get("candidates") or payload.get("promptFeedback")):
            raise invalid_reply(body, "without `candidates`", provider=provider, model=request.model)
        try:
            return _response(payload, request, context)
        except MALFORMED as error:
            reason = f"with a member of another type than it should be ({error})"
            raise invalid_reply(body, reason, provider=provider, model=request.model) from None

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return reply_error(head, body, provider=endpoint.provider, model=request.model)

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        return split_answer(response, context, request)


def _response(payload: dict[str, Any], request: Request, context: Context) -> ModelResponse:
    choices = [
        _choice(position, candidate, context) for position, candidate in enumerate(payload.get("candidates") or ())
    ]
    response = ModelResponse(
        id=str(payload.get("responseId") or "") or f"chatcmpl-{context.new_id()}",
        created=context.now,
        model=request.model,
        choices=choices or [_blocked(payload["promptFeedback"], context)],
        usage=gemini_usage(payload.get("usageMetadata")),
        **metadata_members(payload),
    )
    response._origin = context.origin
    context.origin.served_model = payload.get("modelVersion")
    return response


def _choice(position: int, candidate: dict[str, Any], context: Context) -> Choices:
    state = CandidateState(context)
    fields = state.fields(candidate)
    calls = [{name: value for name, value in call.items() if name != "index"} for call in fields.get("tool_calls", ())]
    members: dict[str, Any] = {**fields, "tool_calls": calls or None}
    return Choices(
        index=whole_number(candidate.get("index", position)),
        finish_reason=state.finish_reason or ("tool_calls" if calls else "stop"),
        message=Message(**members),
        logprobs=log_probabilities(candidate),
        **state.finish_members(),
    )


def _blocked(feedback: dict[str, Any], context: Context) -> Choices:
    state = CandidateState(context)
    state.block(feedback)
    return Choices(index=0, finish_reason=state.finish_reason, message=Message(), **state.finish_members())
