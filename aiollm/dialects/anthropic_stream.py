"""Anthropic's events into chunks. An answer is a list of blocks; each is opened, grows by deltas, and is closed.

    message_start, (content_block_start, content_block_delta..., content_block_stop)..., message_delta, message_stop

`ping` and `error` come anywhere, and what is not known is passed over. A whole reply is read as the events that it
would have been. Source: https://platform.claude.com/docs/en/build-with-claude/streaming and recorded streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from aiollm.dialects.anthropic_message import (
    STATUS_OF_ERROR,
    annotation_of,
    ending_fields,
    has_order,
    server_fields,
    usage_of,
)
from aiollm.dialects.anthropic_parameters import ANSWER_TOOL
from aiollm.dialects.base import Context
from aiollm.dialects.errors import error_from_object
from aiollm.dialects.single_choice import SingleChoiceDecoder
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.lenient import lenient_json
from aiollm.types.request import Request
from aiollm.types.shape import EMPTY, JSON
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame

__all__ = ["AnthropicDecoder"]

_END_MARKER = b"[DONE]"  # of gateways; Anthropic has none
_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


class _Delta(msgspec.Struct, gc=False):
    type: str = ""
    text: str = ""
    thinking: str = ""


class _Event(msgspec.Struct, gc=False):
    """A delta of text or thinking, nearly all of any stream. What makes it another event is only looked for."""

    index: int
    delta: _Delta


@cache
def _decode_event() -> Callable[[bytes], _Event]:
    return msgspec.json.Decoder(_Event).decode


class _Block:
    """A block that is open, or was.

    Attributes:
        raw: as it was opened; what came by deltas is put in when it is closed.
        text_start, thought_start: how long the answer's text and thinking were then, in bytes.
        inputs: the pieces of a tool's input.
        call: the number of a tool call; None for a block that is none.
    """

    __slots__ = ("call", "inputs", "raw", "text_start", "thought_start")

    def __init__(self, raw: dict[str, Any], text_start: int, thought_start: int) -> None:
        self.raw = raw
        self.text_start = text_start
        self.thought_start = thought_start
        self.inputs: list[str] = []
        self.call: int | None = None

    @property
    def type(self) -> str:
        return self.raw.get("type") or ""


class AnthropicDecoder(SingleChoiceDecoder):
    """Turns the events of one stream into chunks.

    Args:
        request: what was asked.
        context: where the reply comes from.
        answers_by_tool: whether the answer comes as the arguments of `ANSWER_TOOL`; they are its text then.
    """

    def __init__(self, request: Request, context: Context, *, answers_by_tool: bool = False) -> None:
        super().__init__(request, context)
        self._decode = _decode_event()
        self._answers_by_tool = answers_by_tool
        self._blocks: dict[int, _Block] = {}
        self._growing = -1  # the index of the block of text or thinking that is open and has begun
        self._grows_by = ""  # the type of its deltas
        self._thoughts: list[str] = []  # the pieces of that block in the answer, if it is thinking
        self._counts: dict[str, Any] = {}

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        if self._growing < 0:
            return super().feed(frame)
        try:
            event = self._decode(frame.data)
        except (ValueError, RecursionError):
            return super().feed(frame)
        delta = event.delta
        if event.index != self._growing or delta.type != self._grows_by:
            return super().feed(frame)
        chunk = self._plain(delta.text, delta.thinking)
        if chunk is None:
            return ()
        if delta.thinking:
            block = {"type": "thinking", "thinking": delta.thinking, "index": event.index}
            chunk.choices[0].delta.thinking_blocks = [block]
            self._thoughts.append(delta.thinking)
        return (chunk,)

    def _message(self, message: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        """Read a whole message, as the events that it would have been."""
        self._message_start({"message": message})
        for index, block in enumerate(message["content"]):
            yield from self._content_block_start({"index": index, "content_block": block})
            yield from self._stop(index)
        yield from self._ending(message, message)
        self.done: bool = True
        yield from self._end()

    def _events(self, frame: Frame) -> Iterator[ModelResponseStream]:
        if frame.data.startswith(_END_MARKER):
            self.done = True
            yield from self._end()
            return
        payload: JSON = lenient_json(frame.data)
        if frame.event == "error" or not isinstance(payload, dict) or payload.get("error"):
            raise self._error(payload)
        kind = payload.get("type")
        if kind == "content_block_delta":
            yield from self._content_block_delta(payload)
        elif kind == "content_block_start":
            yield from self._content_block_start(payload)
        elif kind == "content_block_stop":
            yield from self._stop(payload["index"])
        elif kind == "message_start":
            self._message_start(payload)
        elif kind == "message_delta":
            yield from self._ending(payload.get("delta") or EMPTY, payload)
        elif kind == "message_stop":
            self.done = True
            yield from self._end()
        elif kind == "message":
            yield from self._message(payload)

    def _error(self, reported: JSON) -> APIError:
        inner: JSON = reported.get("error") if isinstance(reported, dict) else None
        status = STATUS_OF_ERROR.get(inner.get("type") or "") if isinstance(inner, dict) else None
        return self._context_of(
            error_from_object(
                reported, status=status, provider=self._context.endpoint.provider, model=self._request.model
            )
        )

    def _message_start(self, event: Mapping[str, Any]) -> None:
        message = event["message"]
        self.id: str = self.id or message.get("id") or ""
        self._context.origin.served_model = self._context.origin.served_model or message.get("model")
        self._count(message.get("usage"))

    def _count(self, counts: Mapping[str, Any] | None) -> None:
        """Take note of counts: those that come later are of the whole answer, and leave out what did not change."""
        if counts:
            self._counts.update((name, value) for name, value in counts.items() if value is not None)
            self.usage: Usage | None = usage_of(self._counts)

    # -- blocks

    def _content_block_start(self, event: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        raw = dict(event["content_block"])
        block = self._blocks[event["index"]] = _Block(raw, len(self._text), len(self._thought))
        if block.type == "text":
            yield from self._said(raw.get("text") or "")
            for citation in raw.get("citations") or ():
                yield from self._cited(block, citation)
        elif block.type == "thinking":
            yield from self._thinking(event["index"], raw.get("thinking") or "", raw.get("signature") or "")
        elif block.type == "redacted_thinking":
            yield self._delta(thinking_blocks=[{**raw, "index": event["index"]}])
        elif block.type == "tool_use" and not self._is_answer(block):
            block.call = sum(other.call is not None for other in self._blocks.values())
            function = {"name": raw["name"], "arguments": ""}
            extra = {"caller": raw["caller"]} if raw.get("caller") else {}
            yield self._call({"index": block.call, "id": raw.get("id"), "function": function, **extra})
        elif block.type.endswith("_tool_result"):
            yield self._delta(provider_specific_fields=server_fields(raw))

    def _content_block_delta(self, event: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        index, delta = event["index"], event["delta"]
        kind = delta.get("type")
        block = self._blocks.get(index)
        if block is None:  # old streams have deltas of blocks that were never opened
            opened = {"text_delta": "text", "thinking_delta": "thinking"}.get(kind or "")
            if opened is None:
                return
            block = self._blocks[index] = _Block({"type": opened}, len(self._text), len(self._thought))
        if kind == "text_delta":
            yield from self._said(delta["text"])
            self._growing, self._grows_by = index, kind
        elif kind == "thinking_delta":
            yield from self._thinking(index, delta["thinking"], "")
            if delta["thinking"]:
                self._growing, self._grows_by = index, kind
                self._thoughts = self._answer.choice(0).thinking[-1]["thinking"]
        elif kind == "signature_delta":
            yield from self._thinking(index, "", delta["signature"])
        elif kind == "input_json_delta":
            yield from self._input(block, delta["partial_json"])
        elif kind == "citations_delta":
            block.raw["citations"] = [*(block.raw.get("citations") or ()), delta["citation"]]
            yield from self._cited(block, delta["citation"])
        else:  # of compaction, and what is to come
            self.content: bool = True
            block.raw.update((name, value) for name, value in delta.items() if name != "type" and value is not None)

    def _stop(self, index: int) -> Iterator[ModelResponseStream]:
        block = self._blocks.get(index)
        if block is None:
            return
        self._growing = -1
        raw = block.raw
        if block.type == "text":
            raw["text"] = self._text[block.text_start :].decode("utf-8", "surrogatepass")
        elif block.type == "thinking":
            raw["thinking"] = self._thought[block.thought_start :].decode("utf-8", "surrogatepass")
        elif block.type in _CALLS:
            yield from self._close_input(block)
        if block.type in ("server_tool_use", "mcp_tool_use", "compaction"):
            yield self._delta(provider_specific_fields=server_fields(raw))

    def _said(self, text: str) -> Iterator[ModelResponseStream]:
        if text:
            yield self._delta(content=text)

    def _thinking(self, index: int, thinking: str, signature: str) -> Iterator[ModelResponseStream]:
        if not (thinking or signature):
            return
        piece: dict[str, Any] = {"type": "thinking", "thinking": thinking, "index": index}
        if signature:
            piece["signature"] = self._blocks[index].raw["signature"] = signature
        yield self._delta(reasoning_content=thinking or None, thinking_blocks=[piece])

    def _cited(self, block: _Block, citation: dict[str, Any]) -> Iterator[ModelResponseStream]:
        start = len(self._text[: block.text_start].decode("utf-8", "surrogatepass"))
        end = len(self._text.decode("utf-8", "surrogatepass"))
        annotation = annotation_of(citation, start, end)
        fields = {"annotations": [annotation]} if annotation else {}
        yield self._delta(provider_specific_fields={"citation": citation}, **fields)

    # -- tool input

    def _is_answer(self, block: _Block) -> bool:
        return self._answers_by_tool and block.raw.get("name") == ANSWER_TOOL

    def _input(self, block: _Block, piece: str) -> Iterator[ModelResponseStream]:
        if not piece:
            return
        block.inputs.append(piece)
        self.content = True  # of a call of the server's too, which gives no chunk before it is whole
        if block.call is not None:
            yield self._call({"index": block.call, "function": {"arguments": piece}})
        elif self._is_answer(block):
            yield self._delta(content=piece)

    def _close_input(self, block: _Block) -> Iterator[ModelResponseStream]:
        """Give the input that came with the opening of a block, where none came by deltas; "{}" is one too."""
        if not block.inputs and block.type == "tool_use":
            yield from self._input(block, msgspec.json.encode(block.raw.get("input") or {}).decode())
        try:
            if block.inputs:
                block.raw["input"] = lenient_json("".join(block.inputs).encode())
        except ValueError:  # cut off; `_end` says so where it is a call that somebody is to answer
            block.raw["input"] = {}

    # -- the end

    def _ending(self, delta: Mapping[str, Any], outer: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        self._count(outer.get("usage"))
        native = delta.get("stop_reason")
        if not native or self.finished:
            return
        fields = ending_fields(delta, outer)
        blocks = [block.raw for _, block in sorted(self._blocks.items())]
        if has_order(blocks) and not self._answers_by_tool:
            fields["content_blocks"] = blocks
        refusal = (delta.get("stop_details") or EMPTY).get("explanation") if native == "refusal" else None
        if fields or refusal:
            said = {"refusal": refusal} if refusal else {}
            yield self._delta(provider_specific_fields=fields or None, **said)
        answered = native == "tool_use" and self._answers_by_tool and not self._calls
        yield self._finish("stop" if answered else native)
