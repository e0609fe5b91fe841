"""Chat answers as those of the Responses API: items of output, each announced, grown and repeated whole when done.

Source: https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiollm.outbound.frames import encode, event_frame
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.failure import Failure
from aiollm.proxy.inbound.responses import failure_frames
from aiollm.types.chunk import Delta, ModelResponseStream
from aiollm.types.response import ModelResponse
from aiollm.types.tools import ChatCompletionDeltaToolCall, ChatCompletionMessageToolCall
from aiollm.types.usage import Usage

__all__ = ["ChatResponseFrames", "chat_response_body"]

Event = tuple[str, dict[str, Any]]

# What grows: the event of a piece, and the event that repeats the whole with the member that it has there.
_GROWTH = {
    "text": ("response.output_text.delta", "response.output_text.done", "text"),
    "refusal": ("response.refusal.delta", "response.refusal.done", "refusal"),
    "reasoning": ("response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "text"),
    "function": ("response.function_call_arguments.delta", "response.function_call_arguments.done", "arguments"),
    "custom": ("response.custom_tool_call_input.delta", "response.custom_tool_call_input.done", "input"),
}


class ChatResponseFrames:
    """Writes one stream of events from chat chunks. The format has one answer; further choices are left out."""

    heartbeat = b": keep-alive\n\n"
    alike = None

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._number = -1
        self._head: dict[str, Any] = {}
        self._output: list[dict[str, Any]] = []
        self._open: str | int | None = None  # what the open item is: a kind of text, or the number of a call
        self._grows = ""
        self._pieces: list[str] = []
        self._reason = ""
        self._usage: Usage | None = None

    def feed(self, chunk: ModelResponseStream) -> bytes:
        """Return the events of a chunk."""
        self._usage = chunk.usage or self._usage
        frames = b"" if self._head else self._start(chunk)
        for choice in chunk.choices:
            if choice.index == 0:
                frames += self._said(choice.delta)
                self._reason = choice.finish_reason or self._reason
        return frames

    def finish(self) -> bytes:
        """Return the end of the response."""
        frames = self._close()
        status, _ = _ending(self._reason)
        response = {**self._head, **_ended(self._reason, self._usage), "output": self._output}
        return frames + self._event(f"response.{status}", response=response)

    def fail(self, failure: Failure) -> bytes:
        """Return the error as the last events."""
        response = {**self._head, "output": self._output}
        return failure_frames(failure, response, self._number + 1)

    def _start(self, chunk: ModelResponseStream) -> bytes:
        self._head = _head(chunk.id, chunk.created, self._asked)
        begun: dict[str, Any] = {**self._head, "status": "in_progress", "output": []}
        return self._event("response.created", response=begun) + self._event("response.in_progress", response=begun)

    def _said(self, delta: Delta) -> bytes:
        frames = b""
        if delta.reasoning_content:
            frames += self._grow("reasoning", delta.reasoning_content)
        for block in delta.thinking_blocks or ():
            if block.get("signature"):
                frames += self._enter("reasoning") if self._open != "reasoning" else b""
                self._output[-1]["encrypted_content"] = block["signature"]
        if delta.content:
            frames += self._grow("text", delta.content)
        if delta.refusal:
            frames += self._grow("refusal", delta.refusal)
        for call in delta.tool_calls or ():
            frames += self._called(call)
        return frames

    def _called(self, call: ChatCompletionDeltaToolCall) -> bytes:
        frames = b""
        if self._open != call.index:
            frames += self._close()
            frames += self._add(_call_item(call, self._item_id("fc"), ""), "custom" if "custom" in call else "function")
            self._open = call.index
        custom: Mapping[str, Any] = call.get("custom") or {}
        piece = custom.get("input") or "" if custom else (call.function.arguments if call.function else "")
        return frames + (self._piece(piece) if piece else b"")

    def _grow(self, kind: str, text: str) -> bytes:
        entered = b"" if self._open == kind else self._enter(kind)
        return entered + self._piece(text)

    def _enter(self, kind: str) -> bytes:
        """Open an item of text, and the part in it."""
        frames = self._close()
        self._open = kind
        if kind == "reasoning":
            frames += self._add({"id": self._item_id("rs"), "type": "reasoning", "summary": []}, kind)
            return frames + self._event("response.reasoning_summary_part.added", **self._place, part=_part(kind, ""))
        item: dict[str, Any] = {
            "id": self._item_id("msg"),
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        frames += self._add(item, kind)
        return frames + self._event("response.content_part.added", **self._place, part=_part(kind, ""))

    def _add(self, item: dict[str, Any], grows: str) -> bytes:
        self._output.append(item)
        self._grows, self._pieces = grows, []
        return self._event("response.output_item.added", output_index=len(self._output) - 1, item=item)

    def _piece(self, text: str) -> bytes:
        self._pieces.append(text)
        more: dict[str, Any] = {"logprobs": []} if self._grows == "text" else {}
        return self._event(_GROWTH[self._grows][0], **self._place, delta=text, **more)

    def _close(self) -> bytes:
        """Close the item that is open: say again, whole, what it came to."""
        if self._open is None:
            return b""
        self._open = None
        _, done, member = _GROWTH[self._grows]
        whole, item = "".join(self._pieces), self._output[-1]
        more: dict[str, Any] = {"logprobs": []} if self._grows == "text" else {}
        frames = self._event(done, **self._place, **{member: whole}, **more)
        if self._grows in ("function", "custom"):
            item |= {member: whole, "status": "completed"}
        elif self._grows == "reasoning":
            item["summary"] = [_part(self._grows, whole)]
            frames += self._event("response.reasoning_summary_part.done", **self._place, part=item["summary"][0])
        else:
            item |= {"content": [_part(self._grows, whole)], "status": "completed"}
            frames += self._event("response.content_part.done", **self._place, part=item["content"][0])
        return frames + self._event("response.output_item.done", output_index=len(self._output) - 1, item=item)

    @property
    def _place(self) -> dict[str, Any]:
        place: dict[str, Any] = {"item_id": self._output[-1]["id"], "output_index": len(self._output) - 1}
        if self._grows in ("text", "refusal"):
            place["content_index"] = 0
        elif self._grows == "reasoning":
            place["summary_index"] = 0
        return place

    def _item_id(self, kind: str) -> str:
        return _item_id(kind, self._head["id"], len(self._output))

    def _event(self, kind: str, **members: Any) -> bytes:
        self._number += 1
        return event_frame(kind, {"type": kind, "sequence_number": self._number, **members})


def chat_response_body(response: ModelResponse, asked: Asked) -> bytes:
    """Return the body of a whole response that a chat has given."""
    head, choice = _head(response.id, response.created, asked), response.choices[0]
    output = [*_items(response, head["id"])]
    return encode({**head, **_ended(choice.finish_reason or "", response.usage), "output": output})


def _items(response: ModelResponse, name: str) -> Iterator[dict[str, Any]]:
    message, place = response.choices[0].message, 0
    if message.reasoning_content or message.thinking_blocks:
        signed = [block["signature"] for block in message.thinking_blocks or () if block.get("signature")]
        sealed = {"encrypted_content": signed[-1]} if signed else {}
        summary = [_part("reasoning", message.reasoning_content or "")]
        yield {"id": _item_id("rs", name, place), "type": "reasoning", "summary": summary, **sealed}
        place += 1
    said = [_part(kind, text) for kind, text in (("text", message.content), ("refusal", message.refusal)) if text]
    if said:
        head = {"id": _item_id("msg", name, place), "type": "message", "status": "completed", "role": "assistant"}
        yield {**head, "content": said}
        place += 1
    for number, call in enumerate(message.tool_calls or (), place):
        custom = call.get("custom")
        whole = custom.get("input") or "" if custom else (call.function.arguments if call.function else "")
        yield {**_call_item(call, _item_id("fc", name, number), whole), "status": "completed"}


def _call_item(
    call: ChatCompletionDeltaToolCall | ChatCompletionMessageToolCall, name: str, whole: str
) -> dict[str, Any]:
    head = {"id": name, "status": "in_progress", "call_id": call.id}
    if custom := call.get("custom"):
        return {**head, "type": "custom_tool_call", "name": custom.get("name"), "input": whole}
    return {**head, "type": "function_call", "name": call.function and call.function.name, "arguments": whole}


def _item_id(kind: str, response: str, place: int) -> str:
    return f"{kind}_{response.removeprefix('resp_')}_{place}"


def _part(kind: str, text: str) -> dict[str, Any]:
    if kind == "reasoning":
        return {"type": "summary_text", "text": text}
    if kind == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _head(name: str | None, created: int | None, asked: Asked) -> dict[str, Any]:
    return {
        "id": f"resp_{name}",
        "object": "response",
        "created_at": created,
        "model": asked.model,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": dict(asked.metadata),
        "parallel_tool_calls": asked.arguments.get("parallel_tool_calls", True),
        "temperature": asked.arguments.get("temperature"),
        "top_p": asked.arguments.get("top_p"),
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }


def _ending(reason: str) -> tuple[str, Mapping[str, str] | None]:
    """Return the status of a response that a chat has ended for a reason, and why it is not whole."""
    if reason == "length":
        return "incomplete", {"reason": "max_output_tokens"}
    if reason == "content_filter":
        return "incomplete", {"reason": "content_filter"}
    return "completed", None


def _ended(reason: str, usage: Usage | None) -> dict[str, Any]:
    status, details = _ending(reason)
    return {"status": status, "incomplete_details": details, "usage": usage and _counts(usage)}


def _counts(usage: Usage) -> dict[str, Any]:
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": (prompt.cached_tokens or 0) if prompt else 0,
            "cache_write_tokens": (prompt.cache_write_tokens or 0) if prompt else 0,
        },
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": (completion.reasoning_tokens or 0) if completion else 0},
        "total_tokens": usage.total_tokens,
    }
