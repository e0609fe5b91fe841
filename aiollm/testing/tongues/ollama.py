"""Ollama's own chat (https://github.com/ollama/ollama/blob/main/docs/api.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aiollm.testing.log import LoggedRequest
from aiollm.testing.tongues.framing import NDJSON, json_line
from aiollm.testing.tongues.pieces import Piece, finish_reason, pieces, tool_calls, usage_of
from aiollm.testing.tongues.tongue import Payload

__all__ = ["OllamaTongue"]

_DONE_REASONS = {"length": "length"}
_CREATED_AT = "2023-11-14T22:13:20.000000Z"


class OllamaTongue:
    """A JSON object a line; the last one says `done`. Tool calls come whole, so they wait for their arguments."""

    content_type = NDJSON
    counts = True

    def __init__(self, request: LoggedRequest) -> None:
        self.model: Any = request.member("model", "scripted")
        self.streams: bool = request.member("stream", True) is not False  # a stream is what it gives unasked
        self._calls: dict[int, list[str]] = {}
        self._reason: str | None = None
        self._counts = (0, 0)

    def chunk(self, chunk: Payload) -> Iterator[bytes]:
        for piece in pieces(chunk):
            if piece.choice == 0:  # the format has one choice
                yield from self._say(piece)
        if chunk.get("usage"):
            self._counts = usage_of(chunk)

    def end(self) -> Iterator[bytes]:
        if self._reason:
            yield json_line("", self._reply({"role": "assistant", "content": ""}, self._reason, self._counts))

    def error(self, message: str, kind: str, code: str | int | None) -> bytes:
        return json_line("", {"error": message})

    def whole(self, completion: Payload) -> Payload:
        answer = completion["choices"][0]["message"]
        message: dict[str, Any] = {"role": "assistant", "content": answer.get("content") or answer.get("refusal") or ""}
        if thought := answer.get("reasoning_content"):
            message["thinking"] = thought
        if calls := [_call(name, arguments) for _, name, arguments in tool_calls(completion)]:
            message["tool_calls"] = calls
        reason = _DONE_REASONS.get(finish_reason(completion), "stop")
        return self._reply(message, reason, usage_of(completion))

    def failure(self, status: int, message: str, kind: str) -> Payload:
        return {"error": message}

    def _say(self, piece: Piece) -> Iterator[bytes]:
        match piece.kind:
            case "role":
                pass  # each line of this format has it
            case "text":
                yield json_line("", self._reply({"role": "assistant", "content": piece.text}))
            case "reasoning":
                yield json_line("", self._reply({"role": "assistant", "content": "", "thinking": piece.text}))
            case "call":
                self._calls[piece.index] = [piece.text, ""]
            case "arguments":
                self._calls[piece.index][1] += piece.text
            case "finish":
                if calls := [_call(*call) for call in self._calls.values()]:
                    yield json_line("", self._reply({"role": "assistant", "content": "", "tool_calls": calls}))
                self._reason = _DONE_REASONS.get(piece.text, "stop")

    def _reply(self, message: Payload, reason: str | None = None, counts: tuple[int, int] = (0, 0)) -> Payload:
        reply: dict[str, Any] = {"model": self.model, "created_at": _CREATED_AT, "message": message, "done": False}
        if reason is None:
            return reply
        prompt, answer = counts
        return {**reply, "done": True, "done_reason": reason, "prompt_eval_count": prompt, "eval_count": answer}


def _call(name: str, arguments: str) -> Payload:
    return {"function": {"name": name, "arguments": json.loads(arguments or "{}")}}
