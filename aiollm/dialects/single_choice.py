"""Chunks of an answer with one choice, for formats whose events are not chunks themselves.

A decoder reads its events and says in OpenAI's terms what each of them adds; out come the chunks that OpenAI's own
stream would have: `id`, `created` and `model` the same on all of them, the role on the first, the finish reason on one
of its own, tool calls numbered from 0, usage on the last and only when asked for.
"""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from aiollm.dialects.assembly import Assembler
from aiollm.dialects.base import Context
from aiollm.dialects.errors import MALFORMED, error_from_object
from aiollm.dialects.finish import finish_reason
from aiollm.dialects.tool_calls import ToolCallTracker
from aiollm.dialects.unreadable import invalid_event, invalid_reply
from aiollm.exceptions import APIError
from aiollm.types.chunk import Delta, ModelResponseStream, NoChoices, StreamingChoices
from aiollm.types.lenient import lenient_json
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.types.shape import JSON
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame

__all__ = ["SingleChoiceDecoder", "whole_answer"]

# A copy takes a tenth of the time of a call with keywords.
_NO_DELTA = Delta()
_NO_CHOICE = StreamingChoices()


class SingleChoiceDecoder(ABC):
    """Turns the events of one stream into chunks.

    Attributes:
        id: the provider's id of the answer; one is made up where none has come by the first chunk.
        created: when the answer was made, seconds since the epoch; that of the call where the provider does not say.
    """

    def __init__(self, request: Request, context: Context) -> None:
        self.done = False
        self.content: bool = False
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.id: str = ""
        self.created: int = 0
        self._request = request
        self._context = context
        self._calls = ToolCallTracker(context.new_id)
        self._answer = Assembler()
        self._pattern: ModelResponseStream | None = None  # a chunk without a choice; it is made with the first chunk
        self._text = self._thought = bytearray()  # of the answer, once it is open

    @abstractmethod
    def _events(self, frame: Frame) -> Iterator[ModelResponseStream]:
        """Give what one event adds. What `MALFORMED` lists may be raised: the event is not what it should be."""

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        return () if self.done or not frame.data else self._checked(frame)

    def finish(self) -> Iterable[ModelResponseStream]:
        return self._end() if self.finished and not self.done else ()

    @property
    def finished(self) -> bool:
        return self.finish_reason is not None

    def partial(self) -> ModelResponse | None:
        """Return the answer so far, or None when there is none yet."""
        response = self._answer.response(default_finish=None)
        if response is not None:
            response.usage = self.usage
            response._origin = self._context.origin
        return response

    def unreadable(self, data: bytes, reason: str) -> APIError:
        """Return the error for an event, or a whole reply, that is not what it should be."""
        provider, model = self._context.endpoint.provider, self._request.model
        if self._request.stream:
            return invalid_event(data, reason, provider=provider, model=model)
        return invalid_reply(data, f"with what cannot be read ({reason})", provider=provider, model=model)

    def _plain(self, text: str, thought: str) -> ModelResponseStream | None:
        """Return a chunk of text and reasoning, the common case, made from a pattern; None for nothing.

        The text has been decoded strictly, so there is nothing in it that UTF-8 could not hold.
        """
        if not (text or thought):
            return None
        if self._pattern is None:
            return self._delta(**{"content": text} if text else {}, **{"reasoning_content": thought} if thought else {})
        delta: Delta = _NO_DELTA.__copy__()
        if text:
            delta.content = text
            self._text += text.encode()
        if thought:
            delta.reasoning_content = thought
            self._thought += thought.encode()
        choice: StreamingChoices = _NO_CHOICE.__copy__()
        choice.delta = delta
        chunk: ModelResponseStream = self._pattern.__copy__()
        chunk.choices = [choice]
        self.content = True
        return chunk

    def _delta(self, *, logprobs: Any = None, **fields: Any) -> ModelResponseStream:
        """Return a chunk with the fields given."""
        self.content = self.content or bool(fields)
        if self._pattern is None:
            fields["role"] = "assistant"
        return self._chunk(StreamingChoices(delta=Delta(**fields), logprobs=logprobs))

    def _call(self, piece: dict[str, Any]) -> ModelResponseStream:
        """Return a chunk with a piece of a tool call, in OpenAI's form or nearly."""
        return self._delta(tool_calls=[self._calls.normalise(piece)])

    def _finish(self, native: str, *, reason: str | None = None, **extra: Any) -> ModelResponseStream:
        """Return the chunk with the finish reason.

        Args:
            native: the provider's own reason.
            reason: what it is called by OpenAI, where the table of all providers does not know.
            extra: further members of the chunk.
        """
        self.finish_reason = reason or finish_reason(native, called_tools=bool(self._calls))
        choice = StreamingChoices(finish_reason=self.finish_reason)
        if self.finish_reason != native:
            choice["native_finish_reason"] = native
        if self._pattern is None:
            choice.delta.role = "assistant"
        self.content = True
        return self._chunk(choice, **extra)

    def _end(self) -> Iterator[ModelResponseStream]:
        """Give the usage chunk, if asked for, and check that tool calls are whole."""
        if self._request.include_usage and self.usage is not None:
            chunk: ModelResponseStream = self._opened().__copy__()
            chunk.choices, chunk.usage = NoChoices(), self.usage
            yield chunk
        broken = self._calls.incomplete() if self.finish_reason == "tool_calls" else None
        if broken is not None:
            raise self._context_of(broken)

    def _error(self, reported: Any) -> APIError:
        """Return the error that an event reports."""
        return self._context_of(
            error_from_object(reported, provider=self._context.endpoint.provider, model=self._request.model)
        )

    def _object(self, data: bytes) -> dict[str, Any]:
        """Return the object that an event's data is.

        Raises:
            ValueError: it is none.
        """
        payload: JSON = lenient_json(data)
        if not isinstance(payload, dict):
            raise ValueError("it is not an object")
        return payload

    def _checked(self, frame: Frame) -> Iterator[ModelResponseStream]:
        try:
            yield from self._events(frame)
        except ValueError as error:
            raise self.unreadable(frame.data, str(error)) from None
        except MALFORMED as error:
            reason = f"a member is missing, or of another type than it should be ({error})"
            raise self.unreadable(frame.data, reason) from None

    def _context_of(self, error: APIError) -> APIError:
        return error.with_context(
            llm_provider=self._context.endpoint.provider,
            model=self._request.model,
            phase="stream" if self._request.stream else None,
        )

    def _chunk(self, choice: StreamingChoices, **extra: Any) -> ModelResponseStream:
        chunk: ModelResponseStream = self._opened().__copy__()
        chunk.choices = [choice]
        for name, value in extra.items():
            chunk[name] = value
        self._answer.add(chunk)
        return chunk

    def _opened(self) -> ModelResponseStream:
        """Return the pattern of all chunks."""
        if self._pattern is None:
            self.id = self.id or f"chatcmpl-{self._context.new_id()}"
            self.created = self.created or self._context.now
            self._pattern = ModelResponseStream(id=self.id, created=self.created, model=self._request.model)
            self._pattern._origin = self._context.origin
            parts = self._answer.choice(0)
            self._text, self._thought = parts.content.utf8, parts.reasoning.utf8
        return self._pattern


def whole_answer(body: bytes, decoder: SingleChoiceDecoder) -> ModelResponse:
    """Return the answer in the body of a whole reply, where that is an event like those of a stream.

    Raises:
        APIError: the body is an error, or is not a whole answer.
    """
    for _ in decoder.feed(Frame("", body)):
        pass
    response = decoder.partial()
    if response is None or not decoder.finished:
        raise decoder.unreadable(body, "there is no finished answer in it")
    return response
