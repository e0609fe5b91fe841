"""The blocks of an answer, for the formats that send one after another and announce and close each."""

from __future__ import annotations

from collections.abc import Hashable

__all__ = ["Blocks"]


class Blocks:
    """Which block of an answer is open.

    Attributes:
        index: the open block's number, from 0.
        open: what it holds, or None.
    """

    def __init__(self) -> None:
        self.index: int = -1
        self.open: Hashable | None = None

    def enter(self, content: Hashable) -> bool:
        """Open a block for this content unless it is the one that is open; return whether it is new."""
        if self.open == content:
            return False
        self.open = content
        self.index += 1
        return True
