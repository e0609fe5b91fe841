"""Chat chunks as Anthropic's typed events: a message of blocks, each opened, grown by deltas and closed.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from typing import Any

from aiollm.exceptions import APIResponseValidationError
from aiollm.outbound.frames import encode, event_frame
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.failure import Failure
from aiollm.proxy.inbound.messages import error_members
from aiollm.proxy.inbound.messages_answer import STOP_REASONS, counts_of
from aiollm.types.chunk import Delta, ModelResponseStream
from aiollm.types.tools import ChatCompletionDeltaToolCall
from aiollm.types.usage import Usage

__all__ = ["MessageFrames"]

_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b":%b}}\n\n'
_TEXT = b'text_delta","text'
_THINKING = b'thinking_delta","thinking'
_SIGNATURE = b'signature_delta","signature'
_INPUT = b'input_json_delta","partial_json'


class MessageFrames:
    """Writes one stream of events. The format has one choice; further ones are left out."""

    heartbeat: bytes = event_frame("ping", {"type": "ping"})
    alike = None

    def __init__(self, asked: Asked) -> None:
        self._model = asked.model
        self._started = False
        self._open: str | int | None = None  # what the open block is: "text", "thinking", or the number of a call
        self._index = -1
        self._calls: set[int] = set()  # those that were opened; a block that was closed cannot grow again
        self._reason = ""
        self._sequence: str | None = None
        self._usage: Usage | None = None

    def feed(self, chunk: ModelResponseStream) -> bytes:
        """Return the events of a chunk."""
        self._usage = chunk.usage or self._usage
        frames = b"" if self._started else self._start(chunk)
        for choice in chunk.choices:
            if choice.index == 0:
                frames += self._said(choice.delta)
                self._reason = choice.finish_reason or self._reason
        return frames

    def finish(self) -> bytes:
        """Return the end of the message."""
        delta = {"stop_reason": STOP_REASONS.get(self._reason, "end_turn"), "stop_sequence": self._sequence}
        ending = {"type": "message_delta", "delta": delta, "usage": counts_of(self._usage)}
        return (
            self._close() + event_frame("message_delta", ending) + event_frame("message_stop", {"type": "message_stop"})
        )

    def fail(self, failure: Failure) -> bytes:
        """Return the error as a last event; neither the block nor the message is closed, because they are not whole."""
        told = {"type": "error", "error": error_members(failure), "request_id": failure.request_id}
        return event_frame("error", told)

    def _start(self, chunk: ModelResponseStream) -> bytes:
        self._started = True
        message: dict[str, Any] = {
            "id": chunk.id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": counts_of(None),
        }
        return event_frame("message_start", {"type": "message_start", "message": message})

    def _said(self, delta: Delta) -> bytes:
        frames = b""
        if delta.thinking_blocks:
            for block in delta.thinking_blocks:
                frames += self._thought(block)
        elif delta.reasoning_content:
            frames += self._grow("thinking", _THINKING, delta.reasoning_content)
        if text := delta.content or delta.refusal:
            frames += self._grow("text", _TEXT, text)
        for call in delta.tool_calls or ():
            frames += self._called(call)
        if delta.provider_specific_fields:
            self._sequence = delta.provider_specific_fields.get("stop_sequence") or self._sequence
        return frames

    def _thought(self, block: dict[str, Any]) -> bytes:
        if block.get("type") == "redacted_thinking":
            return self._enter(None, {"type": "redacted_thinking", "data": block.get("data") or ""}) + self._close()
        frames = b""
        if block.get("thinking"):
            frames += self._grow("thinking", _THINKING, block["thinking"])
        if block.get("signature"):
            frames += self._grow("thinking", _SIGNATURE, block["signature"])
        return frames

    def _called(self, call: ChatCompletionDeltaToolCall) -> bytes:
        frames, function = b"", call.function
        if self._open != call.index:
            if call.index in self._calls:
                raise APIResponseValidationError(
                    "the pieces of two tool calls came mixed, which Anthropic's format has no way to say"
                )
            self._calls.add(call.index)
            block: dict[str, Any] = {"type": "tool_use", "id": call.id, "name": function and function.name, "input": {}}
            frames += self._enter(call.index, block)
        if function is not None and function.arguments:
            frames += _DELTA % (self._index, _INPUT, encode(function.arguments))
        return frames

    def _grow(self, kind: str, delta: bytes, text: str) -> bytes:
        if self._open == kind:
            return _DELTA % (self._index, delta, encode(text))
        block = {"type": kind, "text": ""} if kind == "text" else {"type": kind, "thinking": "", "signature": ""}
        return self._enter(kind, block) + _DELTA % (self._index, delta, encode(text))

    def _enter(self, content: str | int | None, block: dict[str, Any]) -> bytes:
        frames = self._close()
        self._index += 1
        self._open = content if content is not None else "whole"
        event = {"type": "content_block_start", "index": self._index, "content_block": block}
        return frames + event_frame("content_block_start", event)

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return event_frame("content_block_stop", {"type": "content_block_stop", "index": self._index})
