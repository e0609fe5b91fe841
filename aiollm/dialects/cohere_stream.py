"""Cohere's typed events into chunks.

A reply that is not streamed is one object without a type, which holds what the events of a stream add up to; this reads
both. What OpenAI has no place for is in `provider_specific_fields`: the plan that goes before tool calls (`tool_plan`)
and the sources of what is said (`citations`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from aiollm.dialects.base import Context
from aiollm.dialects.single_choice import SingleChoiceDecoder
from aiollm.dialects.usage import usage_from_object
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.lenient import whole_number
from aiollm.types.request import Request
from aiollm.types.shape import EMPTY
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame

__all__ = ["CohereDecoder"]

_END_MARKER = b"[DONE]"
_FAILURES = {"ERROR": None, "TIMEOUT": 504}  # finish reasons that are none, and the status that fits


class _Content(msgspec.Struct, gc=False):
    text: str = ""
    thinking: str = ""


class _Message(msgspec.Struct, gc=False):
    content: _Content


class _Delta(msgspec.Struct, gc=False):
    message: _Message


class _ContentEvent(msgspec.Struct, gc=False):
    """An event with text in it, nearly all of any stream. Other events do not decode into this."""

    type: str
    delta: _Delta
    logprobs: msgspec.Raw | None = None


@cache
def _decode_event() -> Callable[[bytes], _ContentEvent]:
    return msgspec.json.Decoder(_ContentEvent).decode


class CohereDecoder(SingleChoiceDecoder):
    """Turns the events of one reply into chunks."""

    def __init__(self, request: Request, context: Context) -> None:
        super().__init__(request, context)
        self._silent: set[Any] = set()  # the indexes of calls whose arguments have not begun

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        if self._pattern is not None and not self.done:
            try:
                event = _decode_event()(frame.data)
            except (ValueError, RecursionError):
                return super().feed(frame)
            if event.type == "content-delta" and event.logprobs is None:
                content = event.delta.message.content
                chunk = self._plain(content.text, content.thinking)
                return () if chunk is None else (chunk,)
        return super().feed(frame)

    def _events(self, frame: Frame) -> Iterator[ModelResponseStream]:
        if frame.data.startswith(_END_MARKER):
            return
        event = self._object(frame.data)
        kind = event.get("type")
        if frame.event == "error" or (kind is None and not isinstance(event.get("message"), dict)):
            raise self._error(event)
        if kind is None:
            yield from self._whole(event)
            return
        delta: dict[str, Any] = event.get("delta") or {}
        message: dict[str, Any] = delta.get("message") or {}
        if kind == "message-start":
            self.id = event.get("id") or ""
        elif kind in ("content-start", "content-delta"):
            yield from self._said(message["content"], _logprobs([event.get("logprobs")]))
        elif kind == "tool-plan-delta":
            yield self._specific(tool_plan=message["tool_plan"])
        elif kind == "citation-start":
            yield self._specific(citations=[message["citations"]])
        elif kind in ("tool-call-start", "tool-call-delta"):
            yield self._piece(event.get("index"), message["tool_calls"])
        elif kind == "tool-call-end" and event.get("index") in self._silent:
            yield self._piece(event["index"], {"function": {"arguments": "{}"}})
        elif kind == "message-end":
            yield from self._ended(delta)

    def _said(self, content: dict[str, Any], logprobs: dict[str, Any] | None = None) -> Iterator[ModelResponseStream]:
        fields = {"content": content.get("text"), "reasoning_content": content.get("thinking")}
        said = {name: text for name, text in fields.items() if text}
        if said or logprobs:
            yield self._delta(logprobs=logprobs, **said)

    def _specific(self, **fields: Any) -> ModelResponseStream:
        return self._delta(provider_specific_fields=fields)

    def _piece(self, index: Any, call: dict[str, Any]) -> ModelResponseStream:
        if call["function"].get("arguments"):
            self._silent.discard(index)
        elif call.get("id"):
            self._silent.add(index)
        return self._call({**call, "index": index})

    def _ended(self, end: dict[str, Any]) -> Iterator[ModelResponseStream]:
        """Give the finish and the usage, from the last event or a whole reply.

        Raises:
            APIError: Cohere broke off. It says so by a finish reason, where LiteLLM reads a normal end.
        """
        native = end.get("finish_reason") or "COMPLETE"
        self.usage: Usage | None = _usage(end.get("usage") or {})
        if native in _FAILURES:
            words = end.get("error") or f"the answer was broken off with finish reason {native!r}"
            reported = {"message": words, "type": end.get("error_type"), "status_code": _FAILURES[native]}
            raise self._error(reported)
        yield self._finish(native)
        self.done = True
        yield from self._end()

    def _whole(self, reply: dict[str, Any]) -> Iterator[ModelResponseStream]:
        self.id: str = reply.get("id") or ""
        message = reply["message"]
        for part in message.get("content") or ():
            yield from self._said(part)
        for name in ("tool_plan", "citations"):
            if message.get(name):
                yield self._specific(**{name: message[name]})
        for call in message.get("tool_calls") or ():
            yield self._call(_with_arguments(call))
        if logprobs := _logprobs(reply.get("logprobs") or ()):
            yield self._delta(logprobs=logprobs)
        yield from self._ended(reply)


def _with_arguments(call: dict[str, Any]) -> dict[str, Any]:
    """Return a whole call whose arguments are an object: of a tool without any, Cohere sends null."""
    function = call["function"]
    return {**call, "function": {**function, "arguments": "{}"}} if function.get("arguments") == "null" else call


def _usage(counts: dict[str, Any]) -> Usage | None:
    """Return the counts: those of tokens, or where there are none, those that are paid for."""
    billed = counts.get("billed_units")
    tokens = counts.get("tokens") or billed or EMPTY
    prompt, completion = whole_number(tokens.get("input_tokens")), whole_number(tokens.get("output_tokens"))
    if not (prompt or completion):
        return None
    details = {"cached_tokens": counts.get("cached_tokens"), "reasoning_tokens": tokens.get("reasoning_tokens")}
    return usage_from_object(
        {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "billed_units": billed,
            **{name: whole_number(count) for name, count in details.items() if count is not None},
        }
    )


def _logprobs(items: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return log probabilities in OpenAI's form. An item is a text of one or more tokens; the first stands for it."""
    tokens = [
        {"token": "" if place else item.get("text") or "", "logprob": logprob}
        for item in items
        if item
        for place, logprob in enumerate(item.get("logprobs") or ())
    ]
    return {"content": tokens} if tokens else None
