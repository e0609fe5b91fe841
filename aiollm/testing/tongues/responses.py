"""OpenAI's Responses (https://platform.openai.com/docs/api-reference/responses-streaming)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiollm.testing.log import LoggedRequest
from aiollm.testing.tongues.framing import EVENT_STREAM, named_event
from aiollm.testing.tongues.pieces import Piece, finish_reason, pieces, tool_calls, usage_of
from aiollm.testing.tongues.tongue import Payload

__all__ = ["ResponsesTongue"]

_CREATED = 1_700_000_000


class ResponsesTongue:
    """Typed, numbered events: items of output, each announced and repeated whole when it is done."""

    content_type = EVENT_STREAM
    counts = True

    def __init__(self, request: LoggedRequest) -> None:
        self.model: Any = request.member("model", "scripted")
        self.streams: bool = request.member("stream") is True
        self._number = request.index
        self._sent = 0
        self._output: list[dict[str, Any]] = []
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
            cut = self._reason == "length"
            name = "response.incomplete" if cut else "response.completed"
            yield self._event(name, response=self._response(self._output, self._reason, self._counts))

    def error(self, message: str, kind: str, code: str | int | None) -> bytes:
        return self._event("error", code=code if isinstance(code, str) else kind, message=message, param=None)

    def whole(self, completion: Payload) -> Payload:
        answer = completion["choices"][0]["message"]
        output: list[dict[str, Any]] = []
        if thought := answer.get("reasoning_content"):
            output.append(self._reasoning(len(output), thought))
        if text := answer.get("content") or answer.get("refusal"):
            output.append(self._message(len(output), text))
        for call in tool_calls(completion):
            output.append(self._call(len(output), *call))
        return self._response(output, finish_reason(completion), usage_of(completion))

    def failure(self, status: int, message: str, kind: str) -> Payload:
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}

    def _say(self, piece: Piece) -> Iterator[bytes]:
        match piece.kind:
            case "role":
                begun = {**self._response([], None, None), "status": "in_progress"}
                yield self._event("response.created", response=begun)
                yield self._event("response.in_progress", response=begun)
            case "text":
                yield from self._in_item("message", self._message(len(self._output), ""))
                self._output[-1]["content"][0]["text"] += piece.text
                yield self._delta("response.output_text.delta", piece.text, content_index=0)
            case "reasoning":
                yield from self._in_item("reasoning", self._reasoning(len(self._output), ""))
                self._output[-1]["summary"][0]["text"] += piece.text
                yield self._delta("response.reasoning_summary_text.delta", piece.text, summary_index=0)
            case "call":
                yield from self._done()
                self._output.append(self._call(len(self._output), piece.id, piece.text, ""))
                yield self._item("response.output_item.added", {**self._output[-1], "status": "in_progress"})
            case "arguments":
                self._output[-1]["arguments"] += piece.text
                yield self._delta("response.function_call_arguments.delta", piece.text)
            case "finish":
                yield from self._done()
                self._reason = piece.text

    def _in_item(self, kind: str, item: dict[str, Any]) -> Iterator[bytes]:
        if self._output and self._output[-1]["type"] == kind:
            return
        yield from self._done()
        self._output.append(item)
        parts = "content" if kind == "message" else "summary"
        yield self._item("response.output_item.added", {**item, "status": "in_progress", parts: []})
        if kind == "message":
            yield self._event("response.content_part.added", **self._place(content_index=0), part=item["content"][0])
        else:
            part = item["summary"][0]
            yield self._event("response.reasoning_summary_part.added", **self._place(summary_index=0), part=part)

    def _done(self) -> Iterator[bytes]:
        """Close the item that is open: say again, whole, what it came to."""
        if not self._output:
            return
        item = self._output[-1]
        match item["type"]:
            case "message":
                place, part = self._place(content_index=0), item["content"][0]
                yield self._event("response.output_text.done", **place, text=part["text"], logprobs=[])
                yield self._event("response.content_part.done", **place, part=part)
            case "reasoning":
                place, part = self._place(summary_index=0), item["summary"][0]
                yield self._event("response.reasoning_summary_text.done", **place, text=part["text"])
                yield self._event("response.reasoning_summary_part.done", **place, part=part)
            case _:
                whole = {"name": item["name"], "arguments": item["arguments"]}
                yield self._event("response.function_call_arguments.done", **self._place(), **whole)
        yield self._item("response.output_item.done", item)

    def _delta(self, name: str, text: str, **place: int) -> bytes:
        return self._event(name, **self._place(**place), delta=text)

    def _item(self, name: str, item: Payload) -> bytes:
        return self._event(name, output_index=len(self._output) - 1, item=item)

    def _place(self, **within: int) -> dict[str, Any]:
        return {"item_id": self._output[-1]["id"], "output_index": len(self._output) - 1, **within}

    def _event(self, kind: str, /, **members: Any) -> bytes:
        self._sent += 1
        return named_event(kind, {"type": kind, "sequence_number": self._sent - 1, **members})

    def _message(self, index: int, text: str) -> dict[str, Any]:
        part: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
        content = [part]
        return {
            "id": f"msg_{index}",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": content,
        }

    def _reasoning(self, index: int, text: str) -> dict[str, Any]:
        return {"id": f"rs_{index}", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}]}

    def _call(self, index: int, call_id: str, name: str, arguments: str) -> dict[str, Any]:
        return {
            "id": f"fc_{index}",
            "type": "function_call",
            "status": "completed",
            "call_id": call_id,
            "name": name,
            "arguments": arguments,
        }

    def _response(self, output: list[dict[str, Any]], reason: str | None, counts: tuple[int, int] | None) -> Payload:
        cut = reason == "length"
        return {
            "id": f"resp_scripted_{self._number}",
            "object": "response",
            "created_at": _CREATED,
            "model": self.model,
            "status": "incomplete" if cut else "completed",
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": output,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": counts and _usage(*counts),
        }


def _usage(prompt: int, answer: int) -> Payload:
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answer,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + answer,
    }
