"""OpenAI chat chunks, as a hundred providers write them, into one form.

Whatever came in, this comes out: `id`, `created` and `model` the same on every chunk; the role once for each choice;
text and finish reason on chunks of their own, the finish reason once for each choice; tool calls numbered from 0;
usage only on the last chunk, and only when asked for. Fields that OpenAI does not have are kept where they were.

A chunk that says all that its event says keeps the event as it came, for those who hand it on (`openai_form`).
"""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

from aiollm.dialects.assembly import Assembler
from aiollm.dialects.base import Context
from aiollm.dialects.errors import MALFORMED, error_from_object
from aiollm.dialects.finish import broke_off, finish_reason
from aiollm.dialects.openai_form import says_all
from aiollm.dialects.openai_message import HEAD_FIELDS, broken_off, normal_message
from aiollm.dialects.tool_calls import ToolCallTracker
from aiollm.dialects.unreadable import invalid_event
from aiollm.dialects.usage import usage_from_object
from aiollm.exceptions import APIError
from aiollm.types.chunk import Delta, ModelResponseStream, NoChoices, StreamingChoices
from aiollm.types.lenient import lenient_json, whole_number
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.types.shape import EMPTY, JSON
from aiollm.types.usage import Usage
from aiollm.wire.alike import Run
from aiollm.wire.frame import Frame

__all__ = ["OpenAIDecoder"]

_CHOICE_FIELDS = frozenset({"index", "delta", "message", "text", "finish_reason", "logprobs"})
_END_MARKER = b"[DONE]"


class _Head(msgspec.Struct, gc=False):
    """What the first chunk says of the stream."""

    id: str = ""
    created: int = 0
    model: str | None = None
    object: str = ""


_DELTA_FIELDS = tuple(name for name in Delta.__struct_fields__ if name[0] != "_")
_beside_text = attrgetter(*(name for name in _DELTA_FIELDS if name not in ("role", "content")))


@cache
def _decoders() -> tuple[Callable[[bytes], ModelResponseStream], Callable[[bytes], _Head], Callable[[bytes], object]]:
    """Return what decodes a chunk, and a head, and what refuses a chunk whose deltas have members we do not know.

    They are made at the first stream, which spares the import a tenth of its time.
    """
    delta = msgspec.defstruct(
        "Delta", [(name, Any, None) for name in _DELTA_FIELDS], forbid_unknown_fields=True, gc=False
    )
    choice = msgspec.defstruct("Choice", [("delta", delta | None, None)], gc=False)
    known = msgspec.defstruct("Known", [("choices", list[choice], [])], gc=False)  # type: ignore[valid-type]  # made here
    of_chunks, of_heads = msgspec.json.Decoder(ModelResponseStream), msgspec.json.Decoder(_Head)
    return of_chunks.decode, of_heads.decode, msgspec.json.Decoder(known).decode


class _Choice:
    """What is known of one choice of the stream."""

    __slots__ = ("calls", "finish_reason", "held", "role_sent")

    def __init__(self, context: Context) -> None:
        self.calls = ToolCallTracker(context.new_id)
        self.finish_reason: str | None = None
        self.role_sent = False
        self.held: dict[str, Any] = {}  # fields of a choice that gave no chunk


class OpenAIDecoder:
    """Turns the events of one stream into chunks."""

    def __init__(self, request: Request, context: Context) -> None:
        self.done: bool = False
        self.content: bool = False
        self.usage: Usage | None = None
        self._decode_chunk, self._decode_head, self._check_known = _decoders()
        self._request = request
        self._context = context
        self._origin = context.origin
        self._model = request.model
        self._id = ""
        self._created = 0
        self._choices: dict[int, _Choice] = {}
        self._held: dict[str, Any] = {}  # fields of chunks that gave no chunk
        self._answer = Assembler()
        self._opening: ModelResponseStream | None = None  # given in one go; its head is not in the answer yet
        self._counted: bytes | None = None  # the last event that had usage, if it had nothing else
        self._plain_text = False  # choice 0 is open and its role was sent
        self._text = self._thought = bytearray()  # choice 0's in the answer, once it is open

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        # A chunk of plain text or reasoning, nearly all of any stream, takes this path: 0.9 us on top of the JSON's
        # 0.9. Whatever is special about a chunk is looked at in `_chunks`.
        if self._plain_text:
            data = frame.data
            try:
                chunk = self._decode_chunk(data)
            except (ValueError, RecursionError):  # odd types, the end marker, or no JSON at all
                return self._feed_object(frame)
            choices = chunk.choices
            if len(choices) == 1 and chunk.usage is None and chunk._error is None:
                choice = choices[0]
                delta = choice.delta
                text = delta.content
                thought = delta.reasoning_content or delta.reasoning
                if (
                    (text or thought)
                    and choice.finish_reason is None
                    and choice.index == 0
                    and delta.tool_calls is None
                    and delta.annotations is None
                    and delta.images is None
                    and delta.thinking_blocks is None
                    and choice.logprobs is None
                ) or self._finishes_plainly(choice, data):
                    # The JSON has been decoded strictly, so there is nothing that UTF-8 could not hold.
                    if text:
                        self._text += text.encode()
                    if thought:
                        self._thought += thought.encode()
                        delta.reasoning_content = thought
                    delta.role = None
                    chunk.id = self._id
                    chunk.created = self._created
                    chunk.model = self._model
                    chunk._origin = self._origin
                    chunk._rest = choice._rest = delta._rest = data
                    self.content = True
                    return (chunk,)
        elif not self._choices and (first := self._open_plainly(frame)):
            return (first,)
        return self._feed_object(frame)

    def take_run(self, run: Run) -> None:
        text = run.data
        if b"\\" in text:
            text = lenient_json(b'"%b"' % text).encode()
        if run.alike.member == "content":
            self._text += text
        else:
            self._thought += text
        self.content = True

    def _open_plainly(self, frame: Frame) -> ModelResponseStream | None:
        """Return the first chunk if it opens choice 0 with a role, and perhaps text, and does nothing else.

        Every first token waits for this chunk: 5 us here, against 20 in `_chunks`.
        """
        data = frame.data
        try:
            chunk, head = self._decode_chunk(data), self._decode_head(data)
        except (ValueError, RecursionError):
            return None
        if self.done or frame.event or self._held or b'"x_groq"' in data or len(chunk.choices) != 1:
            return None
        choice = chunk.choices[0]
        delta = choice.delta
        delta._rest = data
        if (
            not (delta.role and head.id and head.created)
            or head.object not in ("", "chat.completion.chunk")
            or chunk.usage is not None
            or chunk._error is not None
            or choice.index != 0
            or choice.finish_reason is not None
            or choice.logprobs is not None
            or self._says_more(delta, data)
        ):
            return None
        self._id, self._created, self._origin.served_model = head.id, head.created, head.model
        self._origin.service_tier = chunk.service_tier
        state = self._choices[0] = _Choice(self._context)
        state.role_sent = self._plain_text = True
        parts = self._answer.choice(0)
        parts.role = delta.role
        self._text, self._thought = parts.content.utf8, parts.reasoning.utf8
        if delta.content is not None:
            parts.has_content = True
            parts.content.write(delta.content)
            self.content = bool(delta.content)
        chunk.id, chunk.created, chunk.model, chunk._origin = self._id, self._created, self._model, self._origin
        chunk._rest = choice._rest = data
        self._opening = chunk
        return chunk

    def _finishes_plainly(self, choice: StreamingChoices, data: bytes) -> bool:
        """Whether the chunk says that choice 0 has ended, and nothing else; if so, take note of it."""
        state = self._choices.get(choice.index)
        choice.delta._rest = data
        if (
            choice.finish_reason not in ("stop", "length")
            or choice.index != 0
            or choice.logprobs is not None
            or b'"delta"' not in data
            or b'"x_groq"' in data
            or choice.delta.content
            or self._says_more(choice.delta, data)
            or state is None
            or state.finish_reason
            or state.calls
            or state.held
            or self._held
        ):
            return False
        choice.delta = Delta()
        state.finish_reason = self._answer.choice(0).finish_reason = choice.finish_reason
        return True

    def _says_more(self, delta: Delta, data: bytes) -> bool:
        """Whether a delta says more than a role and a text."""
        try:
            self._check_known(data)
        except ValueError:  # a provider's own member, which may be empty
            return any(value for name, value in delta.items() if name not in ("role", "content"))
        return any(_beside_text(delta))

    def finish(self) -> Iterable[ModelResponseStream]:
        if self.done or not self.finished:
            return ()
        return self._end()

    @property
    def finish_reason(self) -> str | None:
        first = min(self._choices, default=None)
        return None if first is None else self._choices[first].finish_reason

    @property
    def finished(self) -> bool:
        for choice in self._choices.values():  # asked after each read: `all` takes three times as long
            if not choice.finish_reason:
                return False
        return bool(self._choices)

    def partial(self) -> ModelResponse | None:
        """Return the answer so far, or None when there is none yet.

        It has the text, the reasoning and what came on chunks of its own. What a provider adds to a chunk of text (a
        score beside each word, say) is on that chunk only: reading it would make every chunk cost twice as much.
        """
        self._add_opening()
        response = self._answer.response(default_finish=None)
        if response is not None:
            response.id, response.created, response.model = self._id, self._created, self._model
            response.usage = self.usage
        return response

    def _feed_object(self, frame: Frame) -> Iterator[ModelResponseStream]:
        # A generator, so that what it raises has no failed decoding as its context, which holds the raw event.
        data = frame.data
        if self.done or not data:
            return
        if data.startswith(_END_MARKER):
            self.done = True
            self._plain_text = False
            yield from self._end()
            return
        if frame.event == "error":
            raise self._error(self._object(data) if data[:1] in b'{["' else data.decode("utf-8", "replace"))
        payload: JSON = self._object(data)
        if not isinstance(payload, dict):
            raise self._invalid(data, "it is not an object")
        if payload.get("object") == "error" or payload.get("type") == "error":
            raise self._error(payload)
        yield from self._checked_chunks(payload, data)

    def _object(self, data: bytes) -> Any:
        try:
            return lenient_json(data)
        except ValueError as error:
            raise self._invalid(data, str(error)) from None

    def _checked_chunks(self, payload: dict[str, Any], data: bytes) -> Iterator[ModelResponseStream]:
        try:
            yield from self._chunks(payload, data)
            if payload.get("usage"):
                counts_only = not payload.get("choices") and self._held.keys() <= payload.keys()
                self._counted = data if counts_only else None
        except MALFORMED as error:
            raise self._invalid(data, f"a member is of another type than it should be ({error})") from None

    def _chunks(self, payload: dict[str, Any], data: bytes) -> Iterator[ModelResponseStream]:
        self._add_opening()
        self._note_head(payload)
        failure = payload.get("error") or payload.get("errors") or (payload.get("x_groq") or EMPTY).get("error")
        extra = {name: value for name, value in payload.items() if name not in HEAD_FIELDS}
        extra.pop("error", None)
        self._held.update(extra)
        choices = payload.get("choices") or ()
        one = len(choices) == 1 and not failure and not payload.get("usage") and self._held.keys() <= payload.keys()
        for raw in choices:
            for choice, is_all in self._choice_pieces(raw, failed=bool(failure)):
                chunk = self._chunk(payload, [choice])
                self._answer.add(chunk)
                if one and is_all:
                    chunk._rest = data
                yield chunk
        if failure:
            raise self._error(payload)

    def _add_opening(self) -> None:
        if (opening := self._opening) is not None:
            data = opening._rest
            self._answer.add_head(opening)
            self._opening, opening._rest = None, data  # it may still be handed on as it came

    def _note_head(self, payload: dict[str, Any]) -> None:
        self._id = self._id or payload.get("id") or ""
        self._created = self._created or whole_number(payload.get("created"))
        usage = usage_from_object(payload.get("usage") or (payload.get("x_groq") or EMPTY).get("usage"))
        self.usage = usage or self.usage
        self._origin.served_model = self._origin.served_model or payload.get("model")
        self._origin.service_tier = payload.get("service_tier") or self._origin.service_tier

    def _choice_pieces(self, raw: dict[str, Any], *, failed: bool) -> Iterator[tuple[StreamingChoices, bool]]:
        """Give what one choice of a chunk adds: its content, then its finish reason, each only if it is there.

        Beside each: whether it says all that the choice of the chunk does.
        """
        index = raw.get("index") or 0
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _Choice(self._context)
        native = raw.get("finish_reason") or None
        choice.held.update((name, value) for name, value in raw.items() if name not in _CHOICE_FIELDS)
        fields: dict[str, Any]
        fields, has_content = self._delta_fields(raw, choice)
        logprobs = raw.get("logprobs")
        if logprobs and not choice.role_sent:
            choice.role_sent = True
            fields["role"] = "assistant"
        if fields or logprobs:
            self.content = self.content or has_content
            extra = {} if native else choice.held
            piece = StreamingChoices(index=index, delta=Delta(**fields), logprobs=logprobs, **extra)
            yield piece, says_all(fields, piece, raw)
            if not native:
                choice.held = {}
        if broke_off(native) and (raw.get("error") or not failed):
            raise self._context_of(broken_off(raw, provider=self._context.endpoint.provider, model=self._model))
        if native and not broke_off(native) and not choice.finish_reason:
            choice.finish_reason = finish_reason(native, called_tools=bool(choice.calls))
            if choice.finish_reason != native:
                choice.held.setdefault("native_finish_reason", native)
            self.content = True
            fields = {} if choice.role_sent else {"role": "assistant"}
            choice.role_sent = True
            piece = StreamingChoices(
                index=index, finish_reason=choice.finish_reason, delta=Delta(**fields), **choice.held
            )
            yield piece, says_all(fields, piece, raw)
            choice.held = {}
        if index == 0 and choice.role_sent and not self._plain_text:
            self._plain_text = True
            parts = self._answer.choice(0)
            self._text, self._thought = parts.content.utf8, parts.reasoning.utf8

    def _delta_fields(self, raw: dict[str, Any], choice: _Choice) -> tuple[dict[str, Any], bool]:
        """Return the fields of a delta in OpenAI's form, and whether they are content."""
        delta = raw.get("delta")
        if delta is None:
            delta = raw.get("message") or ({"content": raw["text"]} if raw.get("text") else {})
        fields = normal_message(delta)
        calls = [choice.calls.normalise(call) for call in fields.pop("tool_calls", None) or () if call]
        if calls:
            fields["tool_calls"] = calls
        has_content = any(value for name, value in fields.items() if name != "role")
        role = fields.pop("role", None)
        if not has_content and (choice.role_sent or not (role or "content" in fields)):
            return {}, False
        if not choice.role_sent:
            choice.role_sent = True
            fields["role"] = role or "assistant"
        return fields, has_content

    def _chunk(self, payload: dict[str, Any], choices: list[StreamingChoices]) -> ModelResponseStream:
        held, self._held = self._held, {}
        self._id = self._id or f"chatcmpl-{self._context.new_id()}"
        self._created = self._created or self._context.now
        chunk = ModelResponseStream(
            id=self._id,
            created=self._created,
            model=self._model,
            system_fingerprint=payload.get("system_fingerprint"),
            service_tier=payload.get("service_tier"),
            choices=choices,
            **held,
        )
        chunk._origin = self._origin
        return chunk

    def _end(self) -> Iterator[ModelResponseStream]:
        """Give what was held back, the usage chunk if asked for, and check what was promised to be whole."""
        for index, choice in self._choices.items():
            if "content_filter_results" in choice.held:  # an asynchronous filter of Azure's is the last to finish
                late = self._chunk({}, [StreamingChoices(index=index, delta=Delta(), **choice.held)])
                self._answer.add(late)
                yield late
        if self._request.include_usage and self.usage is not None:
            chunk = self._chunk({}, NoChoices())
            chunk.usage = self.usage
            chunk._rest = self._counted or chunk._rest
            yield chunk
        for choice in self._choices.values():
            broken = choice.calls.incomplete() if choice.finish_reason == "tool_calls" else None
            if broken is not None:
                raise self._context_of(broken)

    def _error(self, payload: JSON) -> APIError:
        if isinstance(payload, dict) and not payload.get("error") and isinstance(payload.get("x_groq"), dict):
            payload = payload["x_groq"]
        return error_from_object(payload, provider=self._context.endpoint.provider, model=self._model, phase="stream")

    def _invalid(self, data: bytes, reason: str) -> APIError:
        return invalid_event(data, reason, provider=self._context.endpoint.provider, model=self._model)

    def _context_of(self, error: APIError) -> APIError:
        return error.with_context(llm_provider=self._context.endpoint.provider, model=self._model, phase="stream")
