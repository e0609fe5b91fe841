"""Ollama's chat lines into chunks. A line is an object; the last one has `done` and the counts.

A reply that is not streamed is one such line, so this reads both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from aiollm.dialects.single_choice import SingleChoiceDecoder
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.lenient import whole_number
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame

__all__ = ["OllamaDecoder"]

_MEASUREMENTS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
"""Nanoseconds, on the last line."""


class _Message(msgspec.Struct, gc=False):
    content: str = ""
    thinking: str = ""
    tool_calls: msgspec.Raw | None = None


class _Line(msgspec.Struct, gc=False):
    """A line with text in it, nearly all of any stream. What makes it another kind of line is only looked for."""

    message: _Message
    done: bool = False
    logprobs: msgspec.Raw | None = None
    error: msgspec.Raw | None = None


@cache
def _decode_line() -> Callable[[bytes], _Line]:
    return msgspec.json.Decoder(_Line).decode


class OllamaDecoder(SingleChoiceDecoder):
    """Turns the lines of one reply into chunks."""

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        if self._pattern is not None and not self.done:
            try:
                line = _decode_line()(frame.data)
            except (ValueError, RecursionError):
                return super().feed(frame)
            message = line.message
            if not line.done and message.tool_calls is None and line.logprobs is None and line.error is None:
                chunk = self._plain(message.content, message.thinking)
                return () if chunk is None else (chunk,)
        return super().feed(frame)

    def _events(self, frame: Frame) -> Iterator[ModelResponseStream]:
        line = self._object(frame.data)
        if line.get("error"):
            raise self._error(line)
        self.created: int = self.created or _seconds(line.get("created_at"))
        self._context.origin.served_model = self._context.origin.served_model or line.get("model")
        # /api/generate has the text on the line itself; its lines come here where a proxy rewrites the path.
        message = line.get("message") or {"content": line.get("response"), "thinking": line.get("thinking")}
        fields = {"content": message.get("content"), "reasoning_content": message.get("thinking")}
        said = {name: text for name, text in fields.items() if text}
        if said or line.get("logprobs"):
            yield self._delta(logprobs=_logprobs(line.get("logprobs")), **said)
        for call in message.get("tool_calls") or ():
            yield self._call(_piece(call))
        if line.get("done"):
            self.usage: Usage | None = _usage(line)
            measured = {name: line[name] for name in _MEASUREMENTS if name in line}
            yield self._finish(line.get("done_reason") or "stop", **measured)
            self.done = True
            yield from self._end()


def _piece(call: dict[str, Any]) -> dict[str, Any]:
    """Return a whole call as a piece of its own: its index is of no use, since every call may say 0."""
    function = {name: value for name, value in call["function"].items() if name != "index"}
    return {"id": call.get("id"), "function": {**function, "arguments": function.get("arguments") or {}}}


def _usage(line: dict[str, Any]) -> Usage | None:
    """Return the counts; of a prompt that is cached whole, Ollama counts nothing."""
    prompt, completion = whole_number(line.get("prompt_eval_count")), whole_number(line.get("eval_count"))
    if not (prompt or completion):
        return None
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def _logprobs(tokens: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    return {"content": [{"top_logprobs": [], **token} for token in tokens]} if tokens else None


def _seconds(timestamp: Any) -> int:
    try:
        return int(datetime.fromisoformat(timestamp).timestamp())
    except (TypeError, ValueError):
        return 0
