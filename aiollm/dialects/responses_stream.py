"""The typed events of the Responses API into chat chunks.

Items are known by their place in the output and by their id: some servers leave out the one, some change the other with
every event. What was not streamed of an item comes with its end, or with the end of the response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from aiollm.dialects.assembly import Assembler
from aiollm.dialects.base import Context
from aiollm.dialects.errors import MALFORMED, error_from_object
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
from aiollm.dialects.responses_wire import ENDINGS, event_of, invalid_event
from aiollm.dialects.tool_calls import ToolCallTracker
from aiollm.exceptions import APIError, ToolCallIncomplete
from aiollm.types.chunk import Delta, ModelResponseStream, NoChoices, StreamingChoices
from aiollm.types.lenient import whole_number
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame

__all__ = ["ResponsesDecoder"]

_TEXT = "response.output_text.delta"
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


class ResponsesDecoder:
    """Turns the events of one response into chunks."""

    def __init__(self, request: Request, context: Context) -> None:
        self.done = False
        self.content = False
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self._decode_text = _text_decoder()
        self._request = request
        self._context = context
        self._id = ""
        self._created = 0
        self._items: dict[Any, _Item] = {}
        self._calls = ToolCallTracker(context.new_id)
        self._answer = Assembler()
        self._role_sent = False
        self._thought = False  # reasoning has come, and further parts of it are set off
        self._talking: Any = None  # the item whose text is being streamed
        self._pattern: ModelResponseStream | None = None
        self._text = self._answer.choice(0).content.utf8

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        # A piece of text takes this path; whatever is special about an event is looked at in `_chunks`.
        if self._talking is not None:
            try:
                event = self._decode_text(frame.data)
            except (ValueError, RecursionError):  # a delta of another type, or no JSON at all
                return self._feed_object(frame)
            place = event.item_id if event.output_index is None else event.output_index
            if event.type == _TEXT and event.delta and place == self._talking and not event.logprobs:
                self.content = True
                self._text += event.delta.encode()
                return (self._text_chunk(event.delta),)
        return self._feed_object(frame)

    def finish(self) -> Iterable[ModelResponseStream]:
        return ()

    @property
    def finished(self) -> bool:
        return self.finish_reason is not None

    def partial(self) -> ModelResponse | None:
        """Return the answer so far, or None when there is none yet."""
        if not self._role_sent:
            return None
        response = self._answer.response(default_finish=None)
        if response is not None:
            response.id, response.created, response.model = self._id, self._created, self._request.model
            response.usage = self.usage
        return response

    def feed_response(self, response: dict[str, Any]) -> Iterator[ModelResponseStream]:
        """Take a whole response, as the last event has it, and give the chunks of what has not come yet."""
        self._note_head(response)
        self.usage = chat_usage(response.get("usage")) or self.usage
        status = response.get("status")
        if status in ("failed", "cancelled") or response.get("error"):
            raise self._error(failure_of(response))
        unseen = not self._items
        for place, raw in enumerate(response.get("output") or ()):
            item = self._item({"output_index": place, "item_id": raw.get("id")}, opens=unseen)
            if item is not None:
                yield from self._rest_of(item, raw)
        yield from self._end(response)

    # -- events

    def _feed_object(self, frame: Frame) -> Iterable[ModelResponseStream]:
        data = frame.data
        if self.done or not data or data.startswith(b"[DONE]"):
            return ()
        self._talking = None
        provider, model = self._context.endpoint.provider, self._request.model
        return self._checked(event_of(data, frame.event, provider=provider, model=model), data)

    def _checked(self, event: dict[str, Any], data: bytes) -> Iterator[ModelResponseStream]:
        try:
            yield from self._chunks(event)
        except MALFORMED as error:
            reason = f"a member is of another type than it should be ({error})"
            provider = self._context.endpoint.provider
            raise invalid_event(data, reason, provider=provider, model=self._request.model) from None

    def _chunks(self, event: dict[str, Any]) -> Iterable[ModelResponseStream]:
        kind = event["type"]
        if kind in _PIECES:
            return self._piece(event, _PIECES[kind])
        if kind in ENDINGS:
            self.done = True
            return self.feed_response({"status": ENDINGS[kind], **event["response"]})
        if handler := _HANDLERS.get(kind):
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
            text = f"\n\n{text}" if self._thought and item.place != place else text
            item.place, self._thought = place, True
        item.streamed.add(field)
        logprobs = {"content": event["logprobs"]} if event.get("logprobs") and field == "content" else None
        yield self._chunk({field: text}, logprobs=logprobs)
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
            yield self._chunk({"annotations": [chat_annotation(event["annotation"])]})

    def _arguments(self, event: dict[str, Any]) -> Iterator[ModelResponseStream]:
        item = self._item(event, opens=False)
        if item is None or item.call is None or not event.get("delta"):
            return
        item.streamed.add("arguments")
        yield self._call_chunk(item.call, event["delta"])

    def _audio(self, event: dict[str, Any]) -> Iterator[ModelResponseStream]:
        name = "transcript" if "transcript" in event["type"] else "data"
        yield self._chunk({"audio": {name: event["delta"]}})

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
            yield self._chunk({"tool_calls": [self._calls.normalise(call)]})

    def _call_chunk(self, call: dict[str, Any], piece: str) -> ModelResponseStream:
        kind, member = ("custom", "input") if call["type"] == "custom" else ("function", "arguments")
        return self._chunk({"tool_calls": [self._calls.normalise({"id": call["id"], kind: {member: piece}})]})

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
                yield self._call_chunk(item.call, piece)
        elif raw.get("type") in ("message", "reasoning"):
            yield from self._rest_of_texts(item, raw)
        elif image := image_of(raw, len(self._answer.choice(0).lists.get("images", ()))):
            yield self._chunk({"images": [image]})
        else:
            yield self._chunk({"provider_specific_fields": {"output_items": [raw]}})

    def _rest_of_texts(self, item: _Item, raw: dict[str, Any]) -> Iterator[ModelResponseStream]:
        for field, text in texts_of(raw):
            if text and field not in item.streamed:
                set_off = field == "reasoning_content" and self._thought
                self._thought = self._thought or field == "reasoning_content"
                yield self._chunk({field: f"\n\n{text}" if set_off else text})
        if raw["type"] == "message":
            annotations = [
                annotation for part in raw.get("content") or () for annotation in part.get("annotations") or ()
            ]
            if later := annotations[item.annotations :]:
                yield self._chunk({"annotations": [chat_annotation(annotation) for annotation in later]})
        elif raw.get("encrypted_content"):
            thought = "\n\n".join(part.get("text") or "" for part in raw.get("summary") or ())
            block = {
                "type": "thinking",
                "thinking": thought,
                "signature": raw["encrypted_content"],
                "id": raw.get("id"),
            }
            yield self._chunk({"thinking_blocks": [block]})

    # -- chunks

    def _note_head(self, response: dict[str, Any]) -> None:
        self._id = self._id or response.get("id") or ""
        self._created = self._created or whole_number(response.get("created_at"))
        origin = self._context.origin
        origin.served_model = origin.served_model or response.get("model")

    def _text_chunk(self, text: str) -> ModelResponseStream:
        """Return a chunk with a text and nothing else: copies of one, at a third of the cost of new ones."""
        if self._pattern is None:
            self._pattern = self._bare_chunk(Delta())
        chunk: ModelResponseStream = self._pattern.__copy__()
        choice = chunk.choices[0].__copy__()
        choice.delta = choice.delta.__copy__()
        choice.delta.content = text
        chunk.choices = [choice]
        return chunk

    def _bare_chunk(self, delta: Delta, **choice: Any) -> ModelResponseStream:
        chunk = ModelResponseStream(id=self._id, created=self._created, model=self._request.model)
        chunk.choices = [StreamingChoices(delta=delta, **choice)]
        chunk._origin = self._context.origin
        return chunk

    def _chunk(self, fields: dict[str, Any], **choice: Any) -> ModelResponseStream:
        """Return a chunk with these fields in its delta, and add it to the answer."""
        if not self._role_sent:
            self._role_sent = True
            self._id = self._id or f"resp_{self._context.new_id()}"
            self._created = self._created or self._context.now
            fields = {"role": "assistant", **fields}
        self.content = True
        chunk = self._bare_chunk(Delta(**fields), **choice)
        self._answer.add(chunk)
        return chunk

    def _end(self, response: dict[str, Any]) -> Iterator[ModelResponseStream]:
        """Give the finish reason, and the usage if asked for; check what was promised to be whole."""
        reason, native = finish_of(response, called_tools=bool(self._calls)), native_reason(response)
        details = {"native_finish_reason": native} if native not in (None, reason) else {}
        self.finish_reason = reason
        last = self._chunk({}, finish_reason=reason, **details)
        last.service_tier = response.get("service_tier")
        yield last
        if self._request.include_usage and self.usage is not None:
            counted = self._bare_chunk(Delta())
            counted.choices, counted.usage = NoChoices(), self.usage
            yield counted
        broken = self._calls.incomplete() if reason == "tool_calls" else None
        if broken is not None:
            raise ToolCallIncomplete(
                f"the arguments of the tool call {broken!r} are not whole JSON",
                model=self._request.model,
                llm_provider=self._context.endpoint.provider,
                phase="stream",
                hint="the answer so far is in `partial`; a larger max_tokens may help",
            )

    def _error(self, body: dict[str, Any]) -> APIError:
        return error_from_object(
            body, provider=self._context.endpoint.provider, model=self._request.model, phase="stream"
        )


_HANDLERS: dict[str, Callable[[ResponsesDecoder, dict[str, Any]], Iterable[ModelResponseStream]]] = {
    "response.output_item.added": ResponsesDecoder._item_added,
    "response.output_item.done": ResponsesDecoder._item_done,
    "response.output_text.annotation.added": ResponsesDecoder._annotation,
    "response.function_call_arguments.delta": ResponsesDecoder._arguments,
    "response.custom_tool_call_input.delta": ResponsesDecoder._arguments,
    "response.audio.delta": ResponsesDecoder._audio,
    "response.audio.transcript.delta": ResponsesDecoder._audio,
}
