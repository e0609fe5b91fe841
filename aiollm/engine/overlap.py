"""What a continuation repeats of the text that it goes on from."""

from __future__ import annotations

__all__ = ["Overlap"]

SHORTEST_REPEAT = 16
"""Characters. A shorter repetition is likelier to be chance: words, digits and laughter come twice."""

SHORTEST_ECHO = 4
"""Characters. Some providers begin with all that they were given; that is no chance, but for the shortest texts."""

LONGEST_REPEAT = 1000
"""Characters. How far before its end the text is looked at, but for an echo of the whole."""


class Overlap:
    """Takes off the beginning of a continuation what repeats the end of the text before.

    A piece is held back as long as it may turn out to be a repetition, which is rare, and short when it happens.

    Args:
        before: the text that the continuation goes on from. The model is given it without the white space at its end,
            and may say that again.
    """

    def __init__(self, before: str) -> None:
        self._before = before.rstrip()
        self._space = before[len(self._before) :]
        self._held = ""
        self._repeated = 0  # characters of what is held that surely are a repetition
        self._decided = False
        # Where in the text a repetition may have begun.
        first, last = max(1, len(self._before) - LONGEST_REPEAT), len(self._before) - SHORTEST_REPEAT
        self._starts = [0] if len(self._before) >= SHORTEST_ECHO else []
        self._starts.extend(range(first, last + 1))

    def feed(self, text: str) -> str:
        """Take the next piece of the continuation, and return what is new and certain."""
        if self._decided:
            return text
        self._held += text
        if self._starts:
            self._narrow_down()
        new = self._held[self._repeated :]
        undecided = self._starts or (len(new) < len(self._space) and self._space.startswith(new))
        return "" if undecided else self.rest()

    def rest(self) -> str:
        """Return what was held back, at the end of the continuation."""
        self._decided = True
        new, self._held = self._held[self._repeated :], ""
        for mark in self._space:
            if not new.startswith(mark):
                break
            new = new[1:]
        return new

    def _narrow_down(self) -> None:
        """Drop where no repetition can have begun; the longest is the one that counts."""
        open_starts: list[int] = []
        for start in self._starts:
            length = len(self._before) - start
            if len(self._held) < length:
                if self._before.startswith(self._held, start):
                    open_starts.append(start)
            elif self._held.startswith(self._before[start:]):
                self._repeated = max(self._repeated, length)
        self._starts = open_starts
