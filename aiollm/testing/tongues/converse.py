"""Bedrock's Converse (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aiollm.testing.log import LoggedRequest
from aiollm.testing.tongues.blocks import Blocks
from aiollm.testing.tongues.framing import AWS_EVENTS, aws_event
from aiollm.testing.tongues.pieces import Piece, finish_reason, pieces, tool_calls, usage_of
from aiollm.testing.tongues.tongue import Payload

__all__ = ["ConverseTongue"]

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}
_SIGNATURE = "c2NyaXB0ZWQ="


class ConverseTongue:
    """Events in AWS's binary framing; the counts come behind the stop."""

    content_type = AWS_EVENTS
    counts = True

    def __init__(self, request: LoggedRequest, model: str, *, streams: bool) -> None:
        self.model = model
        self.streams = streams
        self._blocks = Blocks()
        self._counts: tuple[int, int] | None = None

    def chunk(self, chunk: Payload) -> Iterator[bytes]:
        for piece in pieces(chunk):
            if piece.choice == 0:  # the format has one choice
                yield from self._say(piece)
        if chunk.get("usage"):
            self._counts = usage_of(chunk)

    def end(self) -> Iterator[bytes]:
        if self._counts:
            yield aws_event("metadata", {"usage": _usage(self._counts), "metrics": {"latencyMs": 1}})

    def error(self, message: str, kind: str, code: str | int | None) -> bytes:
        return aws_event(code if isinstance(code, str) else "internalServerException", {"message": message})

    def whole(self, completion: Payload) -> Payload:
        answer = completion["choices"][0]["message"]
        content: list[Payload] = []
        if thought := answer.get("reasoning_content"):
            content.append({"reasoningContent": {"reasoningText": {"text": thought, "signature": _SIGNATURE}}})
        if text := answer.get("content") or answer.get("refusal"):
            content.append({"text": text})
        for call_id, name, arguments in tool_calls(completion):
            content.append({"toolUse": {"toolUseId": call_id, "name": name, "input": json.loads(arguments)}})
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": _STOP_REASONS.get(finish_reason(completion), "end_turn"),
            "usage": _usage(usage_of(completion)),
            "metrics": {"latencyMs": 1},
        }

    def failure(self, status: int, message: str, kind: str) -> Payload:
        return {"message": message}

    def _say(self, piece: Piece) -> Iterator[bytes]:
        match piece.kind:
            case "role":
                yield aws_event("messageStart", {"role": "assistant"})
            case "text":
                yield from self._in_block("text")
                yield self._delta({"text": piece.text})
            case "reasoning":
                yield from self._in_block("reasoning")
                yield self._delta({"reasoningContent": {"text": piece.text}})
            case "call":
                yield from self._in_block(piece.index)
                start = {"toolUse": {"toolUseId": piece.id, "name": piece.text}}
                yield self._event("contentBlockStart", start=start)
            case "arguments":
                yield self._delta({"toolUse": {"input": piece.text}})
            case "finish":
                yield from self._close()
                yield aws_event("messageStop", {"stopReason": _STOP_REASONS.get(piece.text, "end_turn")})

    def _in_block(self, content: str | int) -> Iterator[bytes]:
        # Only a tool call is announced; text and reasoning begin with their first piece.
        if self._blocks.open != content:
            yield from self._close()
            self._blocks.enter(content)

    def _close(self) -> Iterator[bytes]:
        if self._blocks.open == "reasoning":
            yield self._delta({"reasoningContent": {"signature": _SIGNATURE}})
        if self._blocks.open is not None:
            yield self._event("contentBlockStop")
        self._blocks.open = None

    def _delta(self, delta: Payload) -> bytes:
        return self._event("contentBlockDelta", delta=delta)

    def _event(self, name: str, **members: Any) -> bytes:
        return aws_event(name, {**members, "contentBlockIndex": self._blocks.index})


def _usage(counts: tuple[int, int]) -> Payload:
    prompt, answer = counts
    return {"inputTokens": prompt, "outputTokens": answer, "totalTokens": prompt + answer}
