"""Tool calls, whole and in pieces."""

from typing import Any, ClassVar

import msgspec

from aiollm.types.record import Nested, Record

__all__ = ["ChatCompletionDeltaToolCall", "ChatCompletionMessageToolCall", "Function", "FunctionCall"]


class Function(Record, kw_only=True):
    """The function a tool call names, and its arguments as JSON text (a piece of it, in a stream)."""

    _nested: ClassVar[Nested] = {"arguments": Record}
    _always: ClassVar[frozenset[str]] = frozenset({"arguments", "name"})

    arguments: str = ""
    name: str | None = None

    @classmethod
    def _coerce(cls, name: str, value: Any) -> Any:
        """Make text of arguments given as an object."""
        if isinstance(value, str):
            return value
        return "" if value is None else msgspec.json.encode(value).decode()


class FunctionCall(Function, kw_only=True):
    """OpenAI's older form of a function call, without an id."""


class ChatCompletionDeltaToolCall(Record, kw_only=True):
    """A piece of a tool call. `id`, `type` and the name come with the first piece of an `index`.

    A call of a custom tool has `custom` (a dict of `name` and `input`, a text) and no function.
    """

    _nested: ClassVar[Nested] = {"function": Function}
    _always: ClassVar[frozenset[str]] = frozenset({"id", "type", "index"})

    id: str | None = None
    function: Function | None = None
    type: str | None = None
    index: int = 0


class ChatCompletionMessageToolCall(Record, kw_only=True):
    """A whole tool call of an assistant message. A call of a custom tool has `custom` and no function."""

    _nested: ClassVar[Nested] = {"function": Function}
    _always: ClassVar[frozenset[str]] = frozenset({"id", "type"})

    id: str | None = None
    function: Function | None = None
    type: str | None = "function"
