"""The arguments of tool calls as they grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import field, frozen

from aiollm.dialects.tool_calls import incomplete_call
from aiollm.exceptions import EventTooLarge, ToolCallIncomplete
from aiollm.structured.partial_json import InvalidJSON, PartialJSON, TooMuchJSON
from aiollm.types.chunk import ModelResponseStream

__all__ = ["ToolArguments", "ToolArgumentsReader"]


@frozen(eq=False)
class ToolArguments:
    """What one chunk adds to the arguments of a tool call; or, once for each call, that they are whole.

    Attributes:
        choice: the choice that the call is part of.
        index: the position of the call among those of the choice.
        id: the call's id.
        name: the name of the function.
        added: the JSON text that has come; "" when `complete`.
        complete: whether the arguments are whole.
    """

    choice: int
    index: int
    id: str
    name: str
    added: str
    complete: bool
    _reader: PartialJSON = field(repr=False)

    @property
    def value(self) -> Any:
        """The arguments so far, as objects: a text that is open as far as it has come, a number once it has ended.

        It is the same object for all events of a call, and goes on growing: copy what you keep. None before anything
        is there; for a call without arguments it ends as `{}`.
        """
        value = self._reader.value
        return {} if value is None and self.complete else value


class _Call:
    def __init__(self, choice: int, index: int) -> None:
        self.choice, self.index = choice, index
        self.id = self.name = ""
        self.reader = PartialJSON()
        self.characters = 0
        self.told = False

    def event(self, added: str = "", *, complete: bool = False) -> ToolArguments:
        self.told = self.told or complete
        return ToolArguments(self.choice, self.index, self.id, self.name, added, complete, self.reader)


class ToolArgumentsReader:
    """Reads chunks, and tells how the arguments of the function calls in them grow.

    Each character is looked at once. Text is kept in pieces, which are joined when somebody looks.
    """

    def __init__(self) -> None:
        self._calls: dict[tuple[int, int], _Call] = {}

    def feed(self, chunk: ModelResponseStream) -> Iterator[ToolArguments]:
        """Give the events of a chunk.

        Raises:
            ToolCallIncomplete: arguments are no JSON.
            EventTooLarge: they are longer or deeper than their limit.
        """
        if chunk.recovery is not None and chunk.recovery.action == "restart":
            self._calls.clear()  # what came before is void
        for choice in chunk.choices:
            for piece in choice.delta.tool_calls or ():
                if piece.function is None:  # of a custom tool, whose input is no JSON
                    continue
                call = self._calls.setdefault((choice.index, piece.index), _Call(choice.index, piece.index))
                call.id = call.id or piece.id or ""
                call.name += piece.function.name or ""
                yield from self._grown(call, piece.function.arguments)
            if choice.finish_reason is not None:
                yield from self._ended(choice.index)

    def finish(self) -> Iterator[ToolArguments]:
        """Give the events of the end."""
        for choice in {call.choice for call in self._calls.values()}:
            yield from self._ended(choice)

    @staticmethod
    def _grown(call: _Call, added: str) -> Iterator[ToolArguments]:
        try:
            call.reader.feed(added)
        except InvalidJSON as error:
            raise ToolCallIncomplete(f"the arguments of the tool call {call.name!r} are {error}") from error
        except TooMuchJSON as error:
            raise EventTooLarge(f"the arguments of the tool call {call.name!r} are too much: {error}") from error
        call.characters += len(added)
        yield call.event(added)
        if call.reader.complete and not call.told:
            yield call.event(complete=True)

    def _ended(self, choice: int) -> Iterator[ToolArguments]:
        for call in self._calls.values():
            if call.choice == choice and not call.told:
                if call.characters:
                    raise incomplete_call(call.name)
                yield call.event(complete=True)
