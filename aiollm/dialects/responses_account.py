"""The account of a streamed response: what has come of it so far, as the response object it is going to be."""

from __future__ import annotations

from typing import Any

from aiollm.dialects.growing_text import GrowingText
from aiollm.types.responses import ResponsesAPIResponse, ResponsesStreamEvent

__all__ = ["GROWING", "ResponseAccount"]

GROWING = {
    "response.output_text.delta": ("message", "content", "output_text"),
    "response.refusal.delta": ("message", "content", "refusal"),
    "response.reasoning_text.delta": ("reasoning", "content", "reasoning_text"),
    "response.reasoning_summary_text.delta": ("reasoning", "summary", "summary_text"),
    "response.function_call_arguments.delta": ("function_call", "arguments", ""),
    "response.custom_tool_call_input.delta": ("custom_tool_call", "input", ""),
}
"""Events that add to a text: the type of their item, its member, and the type of the part in it."""

_Growing = dict[tuple[str, int], GrowingText]  # by event and part


class ResponseAccount:
    """Adds up the events of one stream."""

    def __init__(self) -> None:
        self.response: dict[str, Any] | None = None  # as an event last had it
        self._items: dict[Any, dict[str, Any]] = {}  # by place, in order of appearance
        self._growing: dict[Any, _Growing] = {}  # texts of the items that have not ended

    def grow(self, event: ResponsesStreamEvent) -> None:
        """Add a piece of a text."""
        place = _place(event)
        part = event.summary_index if event.summary_index is not None else event.content_index
        texts = self._growing.setdefault(place, {})
        key = (event.type, part or 0)
        if key not in texts:
            texts[key] = GrowingText()
            self._items.setdefault(place, {"type": GROWING[event.type][0], "id": event.item_id})
        texts[key].write(event.delta)

    def note(self, event: ResponsesStreamEvent) -> None:
        """Take note of an item or a response in an event."""
        if event.response is not None:
            self.response = event.response.model_dump()
        if event.item is not None and event.type in ("response.output_item.added", "response.output_item.done"):
            place = _place(event)
            self._items[place] = event.item.model_dump()
            if event.type.endswith(".done"):
                self._growing[place] = {}

    def partial(self) -> ResponsesAPIResponse | None:
        """Return the response so far, or None when nothing of it has come."""
        if self.response is None and not self._items:
            return None
        whole: dict[str, Any] = dict(self.response or {"status": "in_progress"})
        if not whole.get("output"):
            whole["output"] = [self._item(place) for place in self._items]
        return ResponsesAPIResponse(**whole)

    def _item(self, place: Any) -> dict[str, Any]:
        item = dict(self._items[place])
        for (kind, _), text in sorted(self._growing.get(place, {}).items()):
            _, member, part = GROWING[kind]
            if not part:
                item[member] = text.getvalue()
                continue
            name = "refusal" if part == "refusal" else "text"
            item[member] = [*(item.get(member) or ()), {"type": part, name: text.getvalue()}]
        return item


def _place(event: ResponsesStreamEvent) -> Any:
    if event.output_index is not None:
        return event.output_index
    return event.item_id or (event.item.id if event.item is not None else None)
