"""What a `with` statement closes at its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

__all__ = ["ClosedAtEnd"]


class ClosedAtEnd(ABC):
    """Is what `with` names, and is closed when the statement ends, whatever ends it."""

    @abstractmethod
    def close(self) -> None:
        """Let go of all that is held. May be called again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
