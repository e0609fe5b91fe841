"""Anthropic's Messages (https://docs.anthropic.com/en/api/messages-streaming)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aiollm.testing.log import LoggedRequest
from aiollm.testing.tongues.blocks import Blocks
from aiollm.testing.tongues.framing import AWS_EVENTS, EVENT_STREAM, Frame, aws_chunk, named_event
from aiollm.testing.tongues.pieces import Piece, finish_reason, pieces, tool_calls, usage_of
from aiollm.testing.tongues.tongue import Payload

__all__ = ["AnthropicTongue"]

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_SIGNATURE = "c2NyaXB0ZWQ="


class AnthropicTongue:
    """Messages over HTTP, or, as Bedrock has it, inside AWS event streams.

    Args:
        request: the request that is answered.
        model: its model, where the body has none.
        streams: whether it asks for a stream, where the body does not say.
        frame: how events are put into the body.
    """

    counts = True

    def __init__(
        self,
        request: LoggedRequest,
        *,
        model: str | None = None,
        streams: bool | None = None,
        frame: Frame = named_event,
    ) -> None:
        self.model: str | Any = model or request.member("model", "scripted")
        self.streams: bool = request.member("stream") is True if streams is None else streams
        self.content_type = AWS_EVENTS if frame is aws_chunk else EVENT_STREAM
        self._frame = frame
        self._id = f"msg_scripted_{request.index}"
        self._blocks = Blocks()
        self._stop_reason: str | None = None
        self._counts: dict[str, int] = {"output_tokens": 0}

    def chunk(self, chunk: Payload) -> Iterator[bytes]:
        for piece in pieces(chunk):
            if piece.choice == 0:  # the format has one choice
                yield from self._say(piece)
        if chunk.get("usage"):
            prompt, answer = usage_of(chunk)
            self._counts = {"input_tokens": prompt, "output_tokens": answer}

    def end(self) -> Iterator[bytes]:
        if self._stop_reason:
            delta = {"stop_reason": self._stop_reason, "stop_sequence": None}
            yield self._event("message_delta", delta=delta, usage=self._counts)
        yield self._event("message_stop")

    def error(self, message: str, kind: str, code: str | int | None) -> bytes:
        return self._event("error", error={"type": kind, "message": message})

    def whole(self, completion: Payload) -> Payload:
        message = completion["choices"][0]["message"]
        content: list[Payload] = []
        if thought := message.get("reasoning_content"):
            content.append({"type": "thinking", "thinking": thought, "signature": _SIGNATURE})
        if text := message.get("content") or message.get("refusal"):
            content.append({"type": "text", "text": text})
        for call_id, name, arguments in tool_calls(completion):
            content.append({"type": "tool_use", "id": call_id, "name": name, "input": json.loads(arguments)})
        prompt, answer = usage_of(completion)
        return {
            **self._message(),
            "content": content,
            "stop_reason": _STOP_REASONS.get(finish_reason(completion), "end_turn"),
            "usage": {"input_tokens": prompt, "output_tokens": answer},
        }

    def failure(self, status: int, message: str, kind: str) -> Payload:
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": f"req_{self._id}"}

    def _say(self, piece: Piece) -> Iterator[bytes]:
        match piece.kind:
            case "role":
                yield self._event("message_start", message=self._message())
            case "text":
                yield from self._in_block("text", {"type": "text", "text": ""})
                yield self._delta(type="text_delta", text=piece.text)
            case "reasoning":
                yield from self._in_block("thinking", {"type": "thinking", "thinking": "", "signature": ""})
                yield self._delta(type="thinking_delta", thinking=piece.text)
            case "call":
                block: dict[str, Any] = {"type": "tool_use", "id": piece.id, "name": piece.text, "input": {}}
                yield from self._in_block(piece.index, block)
            case "arguments":
                yield self._delta(type="input_json_delta", partial_json=piece.text)
            case "finish":
                yield from self._close()
                self._stop_reason = _STOP_REASONS.get(piece.text, "end_turn")

    def _in_block(self, content: str | int, block: Payload) -> Iterator[bytes]:
        if self._blocks.open != content:
            yield from self._close()
            self._blocks.enter(content)
            yield self._event("content_block_start", index=self._blocks.index, content_block=block)

    def _close(self) -> Iterator[bytes]:
        if self._blocks.open == "thinking":
            yield self._delta(type="signature_delta", signature=_SIGNATURE)
        if self._blocks.open is not None:
            yield self._event("content_block_stop", index=self._blocks.index)
        self._blocks.open = None

    def _delta(self, **delta: str) -> bytes:
        return self._event("content_block_delta", index=self._blocks.index, delta=delta)

    def _event(self, name: str, **members: Any) -> bytes:
        return self._frame(name, {"type": name, **members})

    def _message(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
