"""Which process this is, known without asking the system each time, which takes 0.2 us."""

from __future__ import annotations

import os

__all__ = ["PROCESS"]


class Process:
    """The process that runs this code.

    Attributes:
        id: its number, another one in a forked child.
    """

    __slots__ = ("id",)

    def __init__(self) -> None:
        self.find_out()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.find_out)

    def find_out(self) -> None:
        """Ask the system."""
        self.id: int = os.getpid()


PROCESS = Process()
