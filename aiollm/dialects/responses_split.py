"""A whole response as the events that its stream would have had, each text in one piece.

Their order and members are those of https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from aiollm.dialects.responses_account import GROWING
from aiollm.types.origin import Origin
from aiollm.types.responses import ResponsesAPIResponse, ResponsesStreamEvent
from aiollm.types.shape import JSON, is_object

__all__ = ["split_events"]

_Payload = dict[str, Any]

_OF_PART = {part: event.removesuffix(".delta") for event, (_, _, part) in GROWING.items() if part}
_OF_ITEM = {kind: (member, event.removesuffix(".delta")) for event, (kind, member, part) in GROWING.items() if not part}
_LISTS = (("summary", "summary_index", "reasoning_summary_part"), ("content", "content_index", "content_part"))


def split_events(response: ResponsesAPIResponse, origin: Origin) -> Iterator[ResponsesStreamEvent]:
    """Return a response as events; the last has it as it is."""
    numbers = count()
    for payload in _payloads(response.model_dump()):
        event = ResponsesStreamEvent(**payload, sequence_number=next(numbers))
        if event.response is not None:
            event.response._origin = origin
        yield event
    kind = "response.incomplete" if response.status == "incomplete" else "response.completed"
    yield ResponsesStreamEvent(type=kind, response=response, sequence_number=next(numbers))


def _payloads(whole: _Payload) -> Iterator[_Payload]:
    begun: _Payload = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for place, item in enumerate(_objects(whole["output"])):
        yield from _of_item(item, place)


def _objects(listed: JSON) -> list[_Payload]:
    return [item for item in listed if is_object(item)] if isinstance(listed, list) else []


def _of_item(item: _Payload, place: int) -> Iterator[_Payload]:
    here = {"item_id": item.get("id"), "output_index": place}
    yield {"type": "response.output_item.added", "output_index": place, "item": _begun(item)}
    for member, index, event in _LISTS:
        for number, part in enumerate(_objects(item.get(member))):
            yield from _of_part(part, {**here, index: number}, event)
    if item.get("type") in _OF_ITEM:
        member, kind = _OF_ITEM[item["type"]]
        yield from _of_text(kind, here, member, item.get(member))
    yield {"type": "response.output_item.done", "output_index": place, "item": item}


def _begun(item: _Payload) -> _Payload:
    """Return an item as it is before anything of it has come."""
    empty: _Payload = {"content": [], "summary": []}
    if item.get("type") in _OF_ITEM:
        empty[_OF_ITEM[item["type"]][0]] = ""
    return {**item, **{name: value for name, value in empty.items() if item.get(name)}, "status": "in_progress"}


def _of_part(part: _Payload, here: _Payload, event: str) -> Iterator[_Payload]:
    member = "refusal" if part.get("type") == "refusal" else "text"
    yield {"type": f"response.{event}.added", **here, "part": {**part, member: ""}}
    if part.get("type") in _OF_PART:
        yield from _of_text(_OF_PART[part["type"]], here, member, part.get(member))
    yield {"type": f"response.{event}.done", **here, "part": part}


def _of_text(kind: str, here: _Payload, member: str, text: Any) -> Iterator[_Payload]:
    if text:
        yield {"type": f"{kind}.delta", **here, "delta": text}
    yield {"type": f"{kind}.done", **here, member: text or ""}
