"""Cohere's chat, version 2 (https://docs.cohere.com/v2/reference/chat-stream)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiollm.testing.log import LoggedRequest
from aiollm.testing.tongues.blocks import Blocks
from aiollm.testing.tongues.framing import EVENT_STREAM, named_event
from aiollm.testing.tongues.pieces import Piece, finish_reason, pieces, tool_calls, usage_of
from aiollm.testing.tongues.tongue import Payload

__all__ = ["CohereTongue"]

_FINISH_REASONS = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_calls": "TOOL_CALL", "content_filter": "ERROR"}


class CohereTongue:
    """Typed events: blocks of content and tool calls, each announced and closed."""

    content_type = EVENT_STREAM
    counts = True

    def __init__(self, request: LoggedRequest) -> None:
        self.model: Any = request.member("model", "scripted")
        self.streams: bool = request.member("stream") is True
        self._id = f"scripted-{request.index}"
        self._blocks = Blocks()
        self._closing = ""  # the event that closes the open block
        self._reason: str | None = None
        self._counts: Payload = _counts((0, 0))

    def chunk(self, chunk: Payload) -> Iterator[bytes]:
        for piece in pieces(chunk):
            if piece.choice == 0:  # the format has one choice
                yield from self._say(piece)
        if chunk.get("usage"):
            self._counts = _counts(usage_of(chunk))

    def end(self) -> Iterator[bytes]:
        if self._reason:
            yield self._event("message-end", {"finish_reason": self._reason, "usage": self._counts}, id=self._id)

    def error(self, message: str, kind: str, code: str | int | None) -> bytes:
        return self._event("message-end", {"finish_reason": "ERROR", "error": message}, id=self._id)

    def whole(self, completion: Payload) -> Payload:
        answer = completion["choices"][0]["message"]
        content: list[Payload] = []
        if thought := answer.get("reasoning_content"):
            content.append({"type": "thinking", "thinking": thought})
        if text := answer.get("content") or answer.get("refusal"):
            content.append({"type": "text", "text": text})
        message: dict[str, Any] = {"role": "assistant", "content": content}
        if calls := [_call(*call) for call in tool_calls(completion)]:
            message["tool_calls"] = calls
        reason = _FINISH_REASONS.get(finish_reason(completion), "COMPLETE")
        return {"id": self._id, "message": message, "finish_reason": reason, "usage": _counts(usage_of(completion))}

    def failure(self, status: int, message: str, kind: str) -> Payload:
        return {"id": self._id, "message": message}

    def _say(self, piece: Piece) -> Iterator[bytes]:
        match piece.kind:
            case "role":
                message: Payload = {
                    "role": "assistant",
                    "content": [],
                    "tool_plan": "",
                    "tool_calls": [],
                    "citations": [],
                }
                yield self._event("message-start", {"message": message}, id=self._id)
            case "text":
                yield from self._in_block("text", "content", {"content": {"type": "text", "text": ""}})
                yield self._indexed("content-delta", {"content": {"text": piece.text}})
            case "reasoning":
                yield from self._in_block("thinking", "content", {"content": {"type": "thinking", "thinking": ""}})
                yield self._indexed("content-delta", {"content": {"thinking": piece.text}})
            case "call":
                yield from self._in_block(piece.index, "tool-call", {"tool_calls": _call(piece.id, piece.text, "")})
            case "arguments":
                yield self._indexed("tool-call-delta", {"tool_calls": {"function": {"arguments": piece.text}}})
            case "finish":
                yield from self._close()
                self._reason = _FINISH_REASONS.get(piece.text, "COMPLETE")

    def _in_block(self, content: str | int, kind: str, message: Payload) -> Iterator[bytes]:
        if self._blocks.open != content:
            yield from self._close()
            self._blocks.enter(content)
            self._closing = f"{kind}-end"
            yield self._indexed(f"{kind}-start", message)

    def _close(self) -> Iterator[bytes]:
        if self._blocks.open is not None:
            yield named_event(self._closing, {"type": self._closing, "index": self._blocks.index})
        self._blocks.open = None

    def _indexed(self, name: str, message: Payload) -> bytes:
        return self._event(name, {"message": message}, index=self._blocks.index)

    def _event(self, name: str, delta: Payload, **members: Any) -> bytes:
        return named_event(name, {"type": name, **members, "delta": delta})


def _call(call_id: str, name: str, arguments: str) -> Payload:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _counts(counts: tuple[int, int]) -> Payload:
    tokens = {"input_tokens": counts[0], "output_tokens": counts[1]}
    return {"billed_units": tokens, "tokens": tokens}
