"""What a chunk says where an answer broke off and was taken up again."""

from __future__ import annotations

from typing import ClassVar

from aiollm.types.record import Record

__all__ = ["Recovery"]


class Recovery(Record, kw_only=True):
    """The content of a marker chunk, which stands between what came before a failure and what came after.

    Attributes:
        action: "restart": what came before is void, and the answer begins again. "continue": it goes on.
        attempt: the number of the attempt that the following chunks come from.
        provider, model: who answers from here on.
        error: the class of the error that the answer broke off with.
    """

    _always: ClassVar[frozenset[str]] = frozenset({"action", "attempt", "provider", "model", "error"})

    action: str = "restart"
    attempt: int = 1
    provider: str | None = None
    model: str | None = None
    error: str | None = None
