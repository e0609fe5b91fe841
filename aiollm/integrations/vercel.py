"""Answers for the user interfaces of the Vercel AI SDK (`useChat`): its UI message stream, version 1.

    return stream_response(answer, writer=UIMessages())

Source: https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol and the schema in `ai` 7.0.173.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from aiollm.dialects.data_uri import data_uri
from aiollm.outbound.failure import Failure
from aiollm.outbound.frames import DONE, data_frame
from aiollm.outbound.parts import Part, Parts, Step, token_counts
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.shape import EMPTY
from aiollm.wire.alike import AlikeEvents

__all__ = ["UIMessages"]

_REASONS = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content-filter",
    "tool_calls": "tool-calls",
    "function_call": "tool-calls",
}


class UIMessages:
    """Writes one stream as one message of the assistant.

    Text, reasoning and calls of tools are parts of it; a call whose arguments are no JSON is one with an error. Pages
    that the text cites are sources, each once, and pictures are files. The
    message ends with the finish reason, and in its metadata have their places `model` and, where they were counted,
    the tokens (`usage`). An answer that breaks off ends in an `error` part. One that begins anew takes back what the
    message had (`reset-step`, which the SDK knows from version 7 on).
    """

    heartbeat: bytes = b": keep-alive\n\n"
    headers: Mapping[str, str] = {"x-vercel-ai-ui-message-stream": "v1"}
    alike: AlikeEvents | None = None

    def __init__(self) -> None:
        self._parts = Parts()
        self._model: str | None = None
        self._begun = False
        self._cited: set[str] = set()

    def feed(self, chunk: ModelResponseStream) -> bytes:
        """Return the parts of a chunk."""
        told: list[dict[str, Any]] = []
        if not self._begun:
            self._begun = True
            told += [{"type": "start", **({"messageId": chunk.id} if chunk.id else {})}, {"type": "start-step"}]
        self._model = chunk.model
        if chunk.recovery is not None and chunk.recovery.action == "restart":
            self._parts.drop()
            self._cited.clear()
            told.append({"type": "reset-step"})
        for step in self._parts.feed(chunk):
            told += _told(step)
        return _frames([*told, *self._attached(chunk)])

    def _attached(self, chunk: ModelResponseStream) -> Iterator[dict[str, Any]]:
        """Yield the sources and files that a chunk of the first choice brings."""
        for delta in (choice.delta for choice in chunk.choices if choice.index == 0):
            for annotation in delta.annotations or ():
                cited = annotation.get("url_citation") or EMPTY
                if (url := cited.get("url")) and url not in self._cited:
                    self._cited.add(url)
                    named = {"title": cited["title"]} if cited.get("title") else {}
                    yield {"type": "source-url", "sourceId": f"source-{len(self._cited)}", "url": url, **named}
            for image in delta.images or ():
                if url := (image.get("image_url") or EMPTY).get("url"):
                    yield {"type": "file", "mediaType": _media_type(url), "url": url}

    def finish(self) -> bytes:
        """Return the end of the message, and the end marker."""
        usage = self._parts.usage
        counted = {} if usage is None else {"usage": token_counts(usage)}
        reason = self._parts.finish_reason
        end = {
            "type": "finish",
            "finishReason": "stop" if reason is None else _REASONS.get(reason, "other"),
            "messageMetadata": {"model": self._model, **counted},
        }
        open_parts = [told for step in self._parts.end() for told in _told(step)]
        return _frames([*open_parts, {"type": "finish-step"}, end]) + DONE

    def fail(self, failure: Failure) -> bytes:
        """Return the error as the last part, without an end marker."""
        return data_frame({"type": "error", "errorText": failure.message})


def _told(step: Step) -> Iterable[dict[str, Any]]:
    """Return what a step is in the protocol."""
    part = step.part
    if part.kind != "call":
        named = {"type": f"{part.kind}-{'delta' if step.what == 'piece' else step.what}", "id": str(part.number)}
        return [{**named, "delta": step.piece} if step.what == "piece" else named]
    call = {"toolCallId": part.id}
    if step.what == "piece":
        return [{"type": "tool-input-delta", **call, "inputTextDelta": step.piece}]
    call["toolName"] = part.name
    if step.what == "start":
        return [{"type": "tool-input-start", **call, **({"inputEncoding": "text"} if part.is_text else {})}]
    return [_whole_call(part, call)]


def _whole_call(part: Part, call: dict[str, str]) -> dict[str, Any]:
    said = "".join(part.pieces)
    if part.is_text:
        return {"type": "tool-input-available", **call, "input": said}
    try:
        return {"type": "tool-input-available", **call, "input": msgspec.json.decode(said or "{}")}
    except msgspec.DecodeError:
        return {"type": "tool-input-error", **call, "input": said, "errorText": "the arguments are no JSON"}


def _media_type(url: str) -> str:
    """Return the type that a `data:` URI says; of a picture that lies elsewhere no more is known."""
    uri = data_uri(url)
    return (uri.media_type if uri else "") or "image/*"


def _frames(told: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(map(data_frame, told))
