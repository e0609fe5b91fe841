"""The typed events of the Responses API into chat chunks.

Items are known by their place in the output and by their id: some servers leave out the one, some change the other with
every event. What was not streamed of an item comes with its end, or with the end of the response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, ClassVar

import msgspec

from aiollm.dialects.base import Context
from aiollm.dialects.responses_message import (
    call_of,
    chat_annotation,
    chat_usage,
    failure_of,
    finish_of,
    image_of,
    native_reason,
    texts_of,
)
from aiollm.dialects.responses_wire import ENDINGS, event_of
from aiollm.dialects.single_choice import SingleChoiceDecoder
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.lenient import whole_number
from aiollm.types.request import Request
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame

__all__ = ["ResponsesDecoder"]

_TEXT = "response.output_text.delta"
_END_MARKER = b"[DONE]"  # of some servers; OpenAI has none here
# Events with a piece of an item, and the field of the delta that it goes into.
_PIECES = {
    _TEXT: "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning_content",
    "response.reasoning_summary_text.delta": "reasoning_content",
}


class _TextEvent(msgspec.Struct, gc=False):
    """An event that adds to a text: nearly all events of any stream."""

    type: str = ""
    delta: str = ""
    output_index: int | None = None
    item_id: str | None = None
    logprobs: list[Any] | None = None


@cache
def _text_decoder() -> Callable[[bytes], _TextEvent]:
    return msgspec.json.Decoder(_TextEvent).decode


class _Item:
    """What is known of one output item."""

    __slots__ = ("annotations", "call", "ended", "place", "streamed", "summary")

    def __init__(self) -> None:
        self.call: dict[str, Any] | None = None
        self.streamed: set[str] = set()  # fields of which pieces came
        self.annotations = 0
        self.place: tuple[str, Any] | None = None  # of the last piece of reasoning: which kind, which part
        self.ended = False


class ResponsesDecoder(SingleChoiceDecoder):
    """Turns the events of one response into chunks."""

    def __init__(self, request: Request, context: Context) -> None:
        super().__init__(request, context)
        self._decode_text = _text_decoder()
        self._items: dict[Any, _Item] = {}
        self._reasoned = False  # reasoning has come, and further parts of it are set off
        self._talking: Any = None  # the item whose text is being streamed

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        # A piece of text takes this path; whatever is special about an event is looked at in `_chunks`.
        if self._talking is not None and not self.done:
            try:
                event = self._decode_text(frame.data)
            except (ValueError, RecursionError):  # a delta of another type, or no JSON at all
                return super().feed(frame)
            place = event.item_id if event.output_index is None else event.output_index
            if event.type == _TEXT and event.delta and place == self._talking and not event.logprobs:
                chunk = self._plain(event.delta, "")
                return () if chunk is None else (chunk,)
        return super().feed(frame)

    def feed_response(self, response: dict[str, Any]) -> Iterator[ModelResponseStream]:
        """Take a whole response, as the last event has it, and give the chunks of what has not come yet."""
        self._note_head(response)
        self.usage: Usage | None = chat_usage(response.get("usage")) or self.usage
        status = response.get("status")
        if status in ("failed", "cancelled") or response.get("error"):
            raise self._error(failure_of(response))
        unseen = not self._items
        for place, raw in enumerate(response.get("output") or ()):
            item = self._item({"output_index": place, "item_id": raw.get("id")}, opens=unseen)
            if item is not None:
                yield from self._rest_of(item, raw)
        yield from self._ended(response)

    # -- events

    def _events(self, frame: Frame) -> Iterator[ModelResponseStream]:
        if frame.data.startswith(_END_MARKER):
            return
        self._talking = None
        provider, model = self._context.endpoint.provider, self._request.model
        yield from self._chunks(event_of(frame.data, frame.event, provider=provider, model=model))

    def _chunks(self, event: dict[str, Any]) -> Iterable[ModelResponseStream]:
        kind = event["type"]
        if kind in _PIECES:
            return self._piece(event, _PIECES[kind])
        if kind in ENDINGS:
            self.done = True
            return self.feed_response({"status": ENDINGS[kind], **event["response"]})
        if handler := self._handlers.get(kind):
            return handler(self, event)
        if isinstance(event.get("response"), dict):  # created, in_progress, queued
            self._note_head(event["response"])
        elif event.get("delta"):
            self.content = True  # of a tool that the provider runs: the item comes whole at its end
        return ()

    def _piece(self, event: dict[str, Any], field: str) -> Iterator[ModelResponseStream]:
        text = event.get("delta")
        item = self._item(event, opens=True)
        if not text or item is None:
            return
        if field == "reasoning_content":
            # A summary and the reasoning itself say the same: the one that comes first counts.
            place = (event["type"], event.get("summary_index", event.get("content_index")))
            if item.place and item.place[0] != place[0]:
                return
            text = f"\n\n{text}" if self._reasoned and item.place != place else text
            item.place, self._reasoned = place, True
        item.streamed.add(field)
        logprobs = {"content": event["logprobs"]} if event.get("logprobs") and field == "content" else None
        yield self._delta(logprobs=logprobs, **{field: text})
        if field == "content":
            self._talking = event.get("output_index", event.get("item_id"))

    def _item_added(self, event: dict[str, Any]) -> Iterator[ModelResponseStream]:
        item = self._item({**event, "item_id": event["item"].get("id")}, opens=True)
        if item is not None:
            yield from self._open_call(item, event["item"])

    def _item_done(self, event: dict[str, Any]) -> Iterator[ModelResponseStream]:
        item = self._item({**event, "item_id": event["item"].get("id")}, opens=True)
        if item is not None:
            yield from self._rest_of(item, event["item"])

    def _annotation(self, event: dict[str, Any]) -> Iterator[ModelResponseStream]:
        item = self._item(event, opens=True)
        if item is not None and event.get("annotation"):
            item.annotations += 1
            yield self._delta(annotations=[chat_annotation(event["annotation"])])

    def _arguments(self, event: dict[str, Any]) -> Iterator[ModelResponseStream]:
        item = self._item(event, opens=False)
        if item is None or item.call is None or not event.get("delta"):
            return
        item.streamed.add("arguments")
        yield self._argued(item.call, event["delta"])

    def _audio(self, event: dict[str, Any]) -> Iterator[ModelResponseStream]:
        name = "transcript" if "transcript" in event["type"] else "data"
        yield self._delta(audio={name: event["delta"]})

    # -- items

    def _item(self, event: dict[str, Any], *, opens: bool) -> _Item | None:
        """Return the item that an event is about, by its id or else by its place."""
        name, place = event.get("item_id"), event.get("output_index")
        found = self._items.get(name) if name is not None else None
        if found is None and place in self._items and not self._items[place].ended:
            found = self._items[place]
        if found is None and opens:
            found = _Item()
        if found is not None:
            self._items.update((key, found) for key in (name, place) if key is not None)
        return found

    def _open_call(self, item: _Item, raw: dict[str, Any]) -> Iterator[ModelResponseStream]:
        call = call_of(raw, whole=False)
        if call is not None and item.call is None:
            item.call = call
            yield self._call(call)

    def _argued(self, call: dict[str, Any], piece: str) -> ModelResponseStream:
        kind, member = ("custom", "input") if call["type"] == "custom" else ("function", "arguments")
        return self._call({"id": call["id"], kind: {member: piece}})

    def _rest_of(self, item: _Item, raw: dict[str, Any]) -> Iterator[ModelResponseStream]:
        """Give what was not streamed of an item that has ended."""
        if item.ended:
            return
        item.ended = True
        yield from self._open_call(item, raw)
        if item.call is not None:
            whole = call_of(raw, whole=True) or item.call
            piece = whole["custom"]["input"] if whole["type"] == "custom" else whole["function"]["arguments"]
            if piece and "arguments" not in item.streamed:
                yield self._argued(item.call, piece)
        elif raw.get("type") in ("message", "reasoning"):
            yield from self._rest_of_texts(item, raw)
        elif image := image_of(raw, len(self._answer.choice(0).lists.get("images", ()))):
            yield self._delta(images=[image])
        else:
            yield self._delta(provider_specific_fields={"output_items": [raw]})

    def _rest_of_texts(self, item: _Item, raw: dict[str, Any]) -> Iterator[ModelResponseStream]:
        for field, text in texts_of(raw):
            if text and field not in item.streamed:
                set_off = field == "reasoning_content" and self._reasoned
                self._reasoned = self._reasoned or field == "reasoning_content"
                yield self._delta(**{field: f"\n\n{text}" if set_off else text})
        if raw["type"] == "message":
            annotations = [
                annotation for part in raw.get("content") or () for annotation in part.get("annotations") or ()
            ]
            if later := annotations[item.annotations :]:
                yield self._delta(annotations=[chat_annotation(annotation) for annotation in later])
        elif raw.get("encrypted_content"):
            thought = "\n\n".join(part.get("text") or "" for part in raw.get("summary") or ())
            block = {
                "type": "thinking",
                "thinking": thought,
                "signature": raw["encrypted_content"],
                "id": raw.get("id"),
            }
            yield self._delta(thinking_blocks=[block])

    # -- head and end

    def _note_head(self, response: dict[str, Any]) -> None:
        self.id: str = self.id or response.get("id") or ""
        self.created: int = self.created or whole_number(response.get("created_at"))
        origin = self._context.origin
        origin.served_model = origin.served_model or response.get("model")
        origin.service_tier = response.get("service_tier") or origin.service_tier

    def _ended(self, response: dict[str, Any]) -> Iterator[ModelResponseStream]:
        reason = finish_of(response, called_tools=bool(self._calls))
        yield self._finish(native_reason(response) or reason, reason=reason, service_tier=response.get("service_tier"))
        yield from self._end()

    _handlers: ClassVar[dict[str, Callable[[ResponsesDecoder, dict[str, Any]], Iterable[ModelResponseStream]]]] = {
        "response.output_item.added": _item_added,
        "response.output_item.done": _item_done,
        "response.output_text.annotation.added": _annotation,
        "response.function_call_arguments.delta": _arguments,
        "response.custom_tool_call_input.delta": _arguments,
        "response.audio.delta": _audio,
        "response.audio.transcript.delta": _audio,
    }
