"""Gemini's stream of `GenerateContentResponse` objects as chunks.

Each event is an answer of its own with what is new in it. There is no end marker, and a finish reason may be followed
by more (code that Google runs goes on after it): it is given on a chunk of its own when the body ends. The counts stand
on every event, and grow; they are read when somebody asks for them.
"""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from aiollm.dialects.assembly import Assembler
from aiollm.dialects.base import Context
from aiollm.dialects.errors import MALFORMED
from aiollm.dialects.gemini_message import CandidateState, log_probabilities, metadata_members
from aiollm.dialects.gemini_usage import gemini_usage
from aiollm.dialects.google_error import google_error, is_google_error
from aiollm.dialects.tool_calls import incomplete_call
from aiollm.dialects.unreadable import invalid_event
from aiollm.exceptions import APIError
from aiollm.types.chunk import Delta, ModelResponseStream, NoChoices, StreamingChoices
from aiollm.types.lenient import lenient_json, whole_number
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.types.shape import JSON
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame

__all__ = ["GeminiDecoder"]


class _PlainPart(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    text: str
    thought: bool = False


class _PlainContent(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    parts: list[_PlainPart]
    role: str = "model"


class _PlainCandidate(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    content: _PlainContent
    index: int = 0


class _PlainEvent(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename="camel"):
    """An event that adds text or thoughts and nothing else, as nearly all do. Any other member makes it none."""

    candidates: list[_PlainCandidate]
    usage_metadata: msgspec.Raw = msgspec.Raw()
    model_version: str = ""
    response_id: str = ""
    create_time: str = ""


@cache
def _plain_decoder() -> msgspec.json.Decoder[_PlainEvent]:
    return msgspec.json.Decoder(_PlainEvent)


class GeminiDecoder:
    """Turns the events of one stream into chunks."""

    def __init__(self, request: Request, context: Context) -> None:
        self.done: bool = False
        self.content: bool = False
        self._decode = _plain_decoder().decode
        self._request = request
        self._context = context
        self._id = ""
        self._candidates: dict[int, CandidateState] = {}
        self._answer = Assembler()
        self._counts: msgspec.Raw | None = None  # not read yet
        self._usage: Usage | None = None
        self._held: dict[str, Any] = {}  # members of events that gave no chunk
        self._pattern: ModelResponseStream | None = None  # of the chunks of text, once candidate 0 has had its role
        self._text = self._thought = bytearray()  # candidate 0's in the answer, from then on

    @property
    def usage(self) -> Usage | None:
        """The last counts that came."""
        if self._counts is not None:
            self._usage = gemini_usage(lenient_json(bytes(self._counts))) or self._usage
            self._counts = None
        return self._usage

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        if self._pattern is not None:
            try:
                event = self._decode(frame.data)
            except (ValueError, RecursionError):
                return self._feed_object(frame.data)
            candidates = event.candidates
            if len(candidates) == 1 and candidates[0].index == 0 and len(candidates[0].content.parts) == 1:
                part = candidates[0].content.parts[0]
                if part.text:
                    if event.usage_metadata:
                        self._counts = event.usage_metadata
                    return (self._plain_chunk(self._pattern, part),)
        return self._feed_object(frame.data)

    def finish(self) -> Iterable[ModelResponseStream]:
        return self._end() if self.finished and not self.done else ()

    @property
    def finish_reason(self) -> str | None:
        first = min(self._candidates, default=None)
        return None if first is None else self._candidates[first].finish_reason

    @property
    def finished(self) -> bool:
        return bool(self._candidates) and all(state.native for state in self._candidates.values())

    def partial(self) -> ModelResponse | None:
        """Return the answer so far, or None when there is none yet."""
        response = self._answer.response(default_finish=None)
        if response is not None:
            response.usage = self.usage
            for choice in response.choices:
                choice.finish_reason = self._candidates[choice.index].finish_reason
        return response

    def _plain_chunk(self, pattern: ModelResponseStream, part: _PlainPart) -> ModelResponseStream:
        # The JSON has been decoded strictly, so there is nothing that UTF-8 could not hold.
        delta, choice = Delta(), StreamingChoices()
        if part.thought:
            delta.reasoning_content = part.text
            self._thought += part.text.encode()
        else:
            delta.content = part.text
            self._text += part.text.encode()
            self._answer.choice(0).has_content = True
        choice.delta = delta
        chunk: ModelResponseStream = pattern.__copy__()
        chunk.choices = [choice]
        self.content = True
        return chunk

    def _feed_object(self, data: bytes) -> Iterator[ModelResponseStream]:
        # A generator, so that what it raises has no failed decoding as its context, which holds the raw event.
        if not data:
            return
        try:
            payload: JSON = lenient_json(data)
        except ValueError as error:
            raise self._invalid(data, str(error)) from None
        if is_google_error(payload):
            raise google_error(
                payload, provider=self._context.endpoint.provider, model=self._request.model, phase="stream"
            )
        if not isinstance(payload, dict):
            raise self._invalid(data, "it is not an object")
        yield from self._checked_chunks(payload, data)

    def _checked_chunks(self, payload: dict[str, Any], data: bytes) -> Iterator[ModelResponseStream]:
        try:
            yield from self._chunks(payload)
        except MALFORMED as error:
            raise self._invalid(data, f"a member is of another type than it should be ({error})") from None

    def _chunks(self, payload: dict[str, Any]) -> Iterator[ModelResponseStream]:
        self._id = self._id or str(payload.get("responseId") or "")
        self._context.origin.served_model = self._context.origin.served_model or payload.get("modelVersion")
        if usage := gemini_usage(payload.get("usageMetadata")):
            self._counts, self._usage = None, usage
        self._held.update(metadata_members(payload))
        candidates = payload.get("candidates") or ()
        for candidate in candidates:
            if choice := self._choice(candidate):
                yield self._chunk([choice])
        feedback = payload.get("promptFeedback")
        if feedback and not candidates and not self._candidates:
            self._candidates[0] = CandidateState(self._context)
            self._candidates[0].block(feedback)
            self.content = True

    def _choice(self, candidate: dict[str, Any]) -> StreamingChoices | None:
        """Return what a candidate adds, or None when that is nothing."""
        index = whole_number(candidate.get("index"))
        state = self._candidates.get(index)
        if state is None:
            state = self._candidates[index] = CandidateState(self._context)
        before = self._answer.choice(index).content.utf8 if candidate.get("groundingMetadata") else b""
        fields = state.fields(candidate, before)
        logprobs = log_probabilities(candidate)
        self.content = self.content or bool(fields.keys() - {"provider_specific_fields"}) or state.native is not None
        if not fields and logprobs is None:
            return None
        if not state.role_sent:
            state.role_sent = True
            fields["role"] = "assistant"
        return StreamingChoices(index=index, delta=Delta(**fields), logprobs=logprobs)

    def _chunk(self, choices: list[StreamingChoices]) -> ModelResponseStream:
        held, self._held = self._held, {}
        self._id = self._id or f"chatcmpl-{self._context.new_id()}"
        chunk = ModelResponseStream(
            id=self._id, created=self._context.now, model=self._request.model, choices=choices, **held
        )
        chunk._origin = self._context.origin
        self._answer.add(chunk)
        if self._pattern is None and 0 in self._candidates and self._candidates[0].role_sent:
            self._pattern = ModelResponseStream(id=self._id, created=self._context.now, model=self._request.model)
            self._pattern._origin = self._context.origin
            parts = self._answer.choice(0)
            self._text, self._thought = parts.content.utf8, parts.reasoning.utf8
        return chunk

    def _end(self) -> Iterator[ModelResponseStream]:
        """Give the finish reasons, then the usage chunk, if asked for, and check that function calls are whole."""
        self.done = True
        for index, state in sorted(self._candidates.items()):
            delta = Delta() if state.role_sent else Delta(role="assistant")
            reason, members = state.finish_reason, state.finish_members()
            yield self._chunk([StreamingChoices(index=index, finish_reason=reason, delta=delta, **members)])
        if self._request.include_usage and self.usage is not None:
            chunk = self._chunk(NoChoices())
            chunk.usage = self.usage
            yield chunk
        for state in self._candidates.values():
            if state.growing is not None:
                raise self._context_of(incomplete_call(state.growing[1]))

    def _invalid(self, data: bytes, reason: str) -> APIError:
        return invalid_event(data, reason, provider=self._context.endpoint.provider, model=self._request.model)

    def _context_of(self, error: APIError) -> APIError:
        provider = self._context.endpoint.provider
        return error.with_context(llm_provider=provider, model=self._request.model, phase="stream")
