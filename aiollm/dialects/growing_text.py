"""A text that grows with a stream, in little memory."""

from __future__ import annotations

__all__ = ["GrowingText"]


class GrowingText:
    """A text that grows by a few letters at a time, for as long as a stream lasts.

    It is kept as UTF-8, a byte a letter: `StringIO` keeps every piece as an object of its own, 64 bytes for each chunk.
    """

    __slots__ = ("utf8",)

    def __init__(self) -> None:
        self.utf8: bytearray = bytearray()

    def write(self, text: str) -> None:
        """Add to the text. Half a surrogate pair, as a provider may cut one, is kept."""
        self.utf8 += text.encode("utf-8", "surrogatepass")

    def getvalue(self) -> str:
        """Return the whole text."""
        return self.utf8.decode("utf-8", "surrogatepass")
