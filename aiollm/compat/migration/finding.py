"""One line of a report."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Finding"]


@frozen(order=True)
class Finding:
    """What stands in a file, and what becomes of it.

    Attributes:
        file, line: where it stands; lines count from 1.
        kind: "change" (write this instead), "differs" (it works, otherwise), "idle" (it has no effect) or "missing" (it
            cannot be kept).
        name: LiteLLM's name, as in "litellm.rerank" or "completion(client=)".
        note: what to know, or to do.
    """

    file: str
    line: int
    kind: Literal["change", "differs", "idle", "missing"]
    name: str
    note: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind:<7}  {self.name}: {self.note}"
