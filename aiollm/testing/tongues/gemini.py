"""Google's generateContent (https://ai.google.dev/api/generate-content)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from aiollm.testing.log import LoggedRequest
from aiollm.testing.tongues.framing import EVENT_STREAM, plain_event
from aiollm.testing.tongues.pieces import Piece, finish_reason, pieces, tool_calls, usage_of
from aiollm.testing.tongues.tongue import Payload

__all__ = ["GeminiTongue"]

_FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


class GeminiTongue:
    """Server-sent events without an end marker; tool calls come whole, so they wait for their arguments."""

    content_type = EVENT_STREAM
    counts = True

    def __init__(self, request: LoggedRequest, model: str, *, streams: bool) -> None:
        self.model = model
        self.streams = streams
        self._id = f"scripted-{request.index}"
        self._calls: defaultdict[int, dict[int, list[str]]] = defaultdict(dict)  # choice -> index -> name, arguments
        self._finished: list[Payload] = []
        self._counts: Payload | None = None

    def chunk(self, chunk: Payload) -> Iterator[bytes]:
        for piece in pieces(chunk):
            yield from self._say(piece)
        if chunk.get("usage"):
            self._counts = _counts(chunk)

    def end(self) -> Iterator[bytes]:
        if self._finished:
            yield self._event(self._finished)

    def error(self, message: str, kind: str, code: str | int | None) -> bytes:
        status = code if isinstance(code, int) else 500
        return plain_event("", self.failure(status, message, kind))

    def whole(self, completion: Payload) -> Payload:
        candidates: list[Payload] = []
        for choice in completion["choices"]:
            parts: list[Payload] = []
            if thought := choice["message"].get("reasoning_content"):
                parts.append({"text": thought, "thought": True})
            if text := choice["message"].get("content") or choice["message"].get("refusal"):
                parts.append({"text": text})
            parts += [_call(name, arguments) for _, name, arguments in tool_calls({"choices": [choice]})]
            reason = _FINISH_REASONS.get(finish_reason({"choices": [choice]}), "STOP")
            candidates.append(_candidate(choice["index"], parts, reason))
        return {**self._envelope(candidates), "usageMetadata": _counts(completion)}

    def failure(self, status: int, message: str, kind: str) -> Payload:
        return {"error": {"code": status, "message": message, "status": _STATUSES.get(status, "INTERNAL")}}

    def _say(self, piece: Piece) -> Iterator[bytes]:
        match piece.kind:
            case "role":
                pass  # each event of this format has it
            case "text":
                yield self._event([_candidate(piece.choice, [{"text": piece.text}])])
            case "reasoning":
                yield self._event([_candidate(piece.choice, [{"text": piece.text, "thought": True}])])
            case "call":
                self._calls[piece.choice][piece.index] = [piece.text, ""]
            case "arguments":
                self._calls[piece.choice][piece.index][1] += piece.text
            case "finish":
                calls = self._calls.pop(piece.choice, {}).values()
                if calls:
                    yield self._event([_candidate(piece.choice, [_call(*call) for call in calls])])
                reason = _FINISH_REASONS.get(piece.text, "STOP")
                self._finished.append(_candidate(piece.choice, [{"text": ""}], reason))

    def _event(self, candidates: list[Payload]) -> bytes:
        counts = {"usageMetadata": self._counts} if self._counts else {}
        return plain_event("", {**self._envelope(candidates), **counts})

    def _envelope(self, candidates: list[Payload]) -> dict[str, Any]:
        return {"candidates": candidates, "modelVersion": self.model, "responseId": self._id}


def _candidate(index: int, parts: list[Payload], reason: str | None = None) -> Payload:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": index}
    return {**candidate, "finishReason": reason} if reason else candidate


def _call(name: str, arguments: str) -> Payload:
    return {"functionCall": {"name": name, "args": json.loads(arguments or "{}")}}


def _counts(payload: Payload) -> Payload:
    prompt, answer = usage_of(payload)
    return {"promptTokenCount": prompt, "candidatesTokenCount": answer, "totalTokenCount": prompt + answer}
