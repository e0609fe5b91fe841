"""Bedrock's Converse events into chunks; a whole reply has the same blocks, and is read as one event.

Text blocks have no start event; tool calls begin with one; `metadata` with the counts comes last, behind `messageStop`.
Source: the service's model in botocore, and recorded streams. Every event also has padding, `p`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from attrs import define, field

from aiollm.dialects.anthropic_models import model_facts
from aiollm.dialects.anthropic_parameters import ANSWER_TOOL, answers_by_tool
from aiollm.dialects.base import Context
from aiollm.dialects.converse_error import is_failure, stream_error
from aiollm.dialects.converse_usage import converse_usage
from aiollm.dialects.single_choice import SingleChoiceDecoder
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.request import Request
from aiollm.types.shape import is_mapping
from aiollm.wire.frame import Frame

__all__ = ["ConverseDecoder"]


class _Delta(msgspec.Struct, gc=False):
    text: str


class _TextEvent(msgspec.Struct, gc=False):
    """A piece of text, nearly all of any stream."""

    delta: _Delta


@cache
def _decode_text() -> Callable[[bytes], _TextEvent]:
    return msgspec.json.Decoder(_TextEvent).decode


@define
class _Block:
    """A block that has begun with an event of its own."""

    kind: str  # "call", "answer" (in the arguments of a tool), "server_tool", "tool_result" or "image"
    start: Mapping[str, Any]
    pieces: list[Any] = field(factory=list[Any])


class ConverseDecoder(SingleChoiceDecoder):
    """Turns the events of one reply into chunks."""

    def __init__(self, request: Request, context: Context) -> None:
        super().__init__(request, context)
        self._blocks: dict[int, _Block] = {}
        self._answers_by_tool = answers_by_tool(request.params, model_facts(request.model))
        self._answered = False  # in the arguments of a tool
        self._fields: Any = None  # the model's own

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        if frame.event == "contentBlockDelta" and self._pattern is not None and not self.done:
            try:
                text = _decode_text()(frame.data).delta.text
            except (ValueError, RecursionError):  # another kind of delta
                return super().feed(frame)
            chunk = self._plain(text, "")
            return () if chunk is None else (chunk,)
        if is_failure(frame) and not self.done:  # it may come without a payload
            raise stream_error(frame, provider=self._context.endpoint.provider, model=self._request.model)
        return super().feed(frame)

    def _events(self, frame: Frame) -> Iterator[ModelResponseStream]:
        payload = self._object(frame.data)
        match frame.event:
            case "contentBlockStart":
                yield from self._begin(payload.get("contentBlockIndex", 0), payload.get("start") or {})
            case "contentBlockDelta":
                yield from self._add(payload.get("contentBlockIndex", 0), payload.get("delta") or {})
            case "contentBlockStop":
                yield from self._complete(payload.get("contentBlockIndex", 0))
            case "messageStop" if not self.finished:
                self._fields = payload.get("additionalModelResponseFields")
                yield self._stop(payload["stopReason"])
            case "metadata":
                yield from self._account(payload)
            case "" if not self.finished:
                yield from self._whole(payload)
            case _:
                pass  # the role, which is always the same, and what may come to be

    def _begin(self, index: int, start: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        if (call := start.get("toolUse")) is not None:
            if call.get("type") == "server_tool_use":
                self._blocks[index] = _Block("server_tool", call)
            elif self._answers_by_tool and call["name"] == ANSWER_TOOL:
                self._blocks[index] = _Block("answer", call)
                self._answered = True
            else:
                self._blocks[index] = _Block("call", call)
                yield self._call(_piece(index, call, ""))
        elif "toolResult" in start:
            self._blocks[index] = _Block("tool_result", start["toolResult"])
        elif "image" in start:
            self._blocks[index] = _Block("image", start["image"])

    def _add(self, index: int, delta: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        block = self._blocks.get(index)
        if text := delta.get("text"):
            yield self._delta(content=text)
        if reasoning := delta.get("reasoningContent"):
            yield from self._think(reasoning, {"index": index})
        if "toolUse" in delta and (piece := delta["toolUse"].get("input")):
            yield from self._argue(index, block, piece)
        if block is not None and "toolResult" in delta:
            block.pieces.extend(delta["toolResult"])
        if block is not None and "image" in delta:
            block.pieces.append(delta["image"]["source"]["bytes"])
        if citation := delta.get("citation"):
            yield self._cite([citation], citation)

    def _argue(self, index: int, block: _Block | None, piece: str) -> Iterator[ModelResponseStream]:
        """Give a piece of the arguments of a call, or of the answer that they are."""
        if block is None or block.kind == "call":
            if block is not None:
                block.pieces = [True]
            yield self._call({"index": index, "function": {"arguments": piece}})
        elif block.kind == "answer":
            yield self._delta(content=piece)
        else:
            block.pieces.append(piece)

    def _complete(self, index: int) -> Iterator[ModelResponseStream]:
        block = self._blocks.pop(index, None)
        if block is None:
            return
        if block.kind == "call" and not block.pieces:
            # A call without arguments has no piece of them: users parse what there is.
            yield self._call({"index": index, "function": {"arguments": "{}"}})
        elif block.kind == "server_tool":
            call = {**block.start, "input": "".join(block.pieces)}
            yield self._delta(provider_specific_fields={"server_tool_calls": [call]})
        elif block.kind == "tool_result":
            result = {**block.start, "content": block.pieces}
            yield self._delta(provider_specific_fields={"tool_results": [result]})
        elif block.kind == "image" and block.pieces:
            yield self._delta(images=[_image(block.start.get("format"), "".join(block.pieces))])

    def _think(self, reasoning: Mapping[str, Any], place: Mapping[str, int]) -> Iterator[ModelResponseStream]:
        """Give reasoning, with the block that has to be sent back as it came."""
        text, signature, redacted = (reasoning.get(name) for name in ("text", "signature", "redactedContent"))
        if text or signature:
            block = {"type": "thinking", "thinking": text or "", **place}
            if signature:
                block["signature"] = signature
            yield self._delta(reasoning_content=text or None, thinking_blocks=[block])
        if redacted:
            yield self._delta(thinking_blocks=[{"type": "redacted_thinking", "data": redacted, **place}])

    def _cite(self, citations: Sequence[Mapping[str, Any]], told: Any) -> ModelResponseStream:
        """Give citations: as they are, one of a stream or all of a block, and those of the web as OpenAI's."""
        fields: dict[str, Any] = {"provider_specific_fields": {"citation": told}}
        if pages := [_annotation(one) for one in citations if "web" in (one.get("location") or {})]:
            fields["annotations"] = pages
        return self._delta(**fields)

    def _stop(self, native: str, **extra: Any) -> ModelResponseStream:
        answered = self._answered and native == "tool_use" and not self._calls
        return self._finish("stop" if answered else native, **extra)

    def _account(self, payload: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        """Take the counts, the last event of a stream."""
        self.usage = converse_usage(payload.get("usage"), self._fields) or self.usage
        if not self.finished:
            return
        self.done: bool = True
        for chunk in self._end():
            for name, value in _told(payload).items():
                chunk[name] = value
            yield chunk

    def _whole(self, payload: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        for index, block in enumerate(payload["output"]["message"]["content"]):
            yield from self._whole_block(index, block)
        self._fields = payload.get("additionalModelResponseFields")
        self.usage = converse_usage(payload.get("usage"), self._fields)
        yield self._stop(payload["stopReason"], **_told(payload))
        self.done = True
        yield from self._end()

    def _whole_block(self, index: int, block: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        """Give a block of a whole reply, as its pieces would have come."""
        for name, value in block.items():
            match name:
                case "text" if block["text"] == "" and self._pattern is None:
                    yield self._delta(content="")
                case "text":
                    yield from self._add(index, block)
                case "toolUse":
                    yield from self._begin(index, block)
                    arguments = value.get("input")
                    text = "" if arguments in (None, {}) else msgspec.json.encode(arguments).decode()
                    yield from self._add(index, {"toolUse": {"input": text}})
                    yield from self._complete(index)
                case "toolResult":
                    start = {key: member for key, member in value.items() if key != "content"}
                    yield from self._begin(index, {"toolResult": start})
                    yield from self._add(index, {"toolResult": value.get("content") or []})
                    yield from self._complete(index)
                case "reasoningContent":
                    yield from self._think(value.get("reasoningText") or value, {})
                case "citationsContent":
                    if citations := value.get("citations"):
                        yield self._cite(citations, citations)
                    for part in value.get("content") or ():
                        yield from self._add(index, part)
                case "image":
                    yield self._delta(images=[_image(value.get("format"), value["source"]["bytes"])])
                case _:
                    pass


def _piece(index: int, call: Mapping[str, Any], arguments: str) -> dict[str, Any]:
    return {"index": index, "id": call["toolUseId"], "function": {"name": call["name"], "arguments": arguments}}


def _annotation(citation: Mapping[str, Any]) -> dict[str, Any]:
    cited = {"url": citation["location"]["web"].get("url"), "title": citation.get("title") or ""}
    return {"type": "url_citation", "url_citation": cited}


def _image(kind: str | None, data: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind or 'png'};base64,{data}"}}


def _told(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a reply says of itself: what a guardrail found, how fast and in which tier it was served."""
    told = {name: payload[name] for name in ("trace", "performanceConfig") if payload.get(name)}
    if is_mapping(tier := payload.get("serviceTier")) and tier.get("type"):
        told["service_tier"] = tier["type"]
    return told
