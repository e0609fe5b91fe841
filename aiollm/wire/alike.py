"""Events of a stream that differ in one text only, found without reading them.

Nearly all events of an answer are the same but for the piece of text in them. Who has read one of them, and need not
read the others, has them found by what is around the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import final

from aiollm.exceptions import EventTooLarge
from aiollm.wire.frame import Frame

__all__ = ["AlikeEvents", "Run"]

# What may stand between the quotes of a JSON text, by the letter. An empty one is no piece of an answer.
_LETTERS = rb'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))++'
_find_special = re.compile(rb'["\\\x00-\x1f\x80-\xff]').search
_is_text = re.compile(_LETTERS).fullmatch
_are_texts = re.compile(rb"%b(?:\n%b)*+" % (_LETTERS, _LETTERS)).fullmatch


@final
class Run(Frame, frozen=True, gc=False):
    """Several events in a row, or one.

    Attributes:
        event: "", as they have no name.
        data: all their texts in a row, as JSON writes texts, but for the quotes.
        alike: what is around the texts.
        texts: the text of each.
    """

    alike: AlikeEvents
    texts: Sequence[bytes]

    @property
    def size(self) -> int:
        """How many bytes the events are."""
        return len(self.data) + len(self.texts) * self.alike.extra_bytes


class AlikeEvents:
    """Knows events that differ in one text only.

    Args:
        member: the name of what the text is in.
        before: the payload of such an event up to the text, and with the quote that begins it.
        after: the payload from the text's last quote on.

    Attributes:
        member, before, after: as given.
        extra_bytes: how many bytes an event has around its text.
    """

    def __init__(self, member: str, before: bytes, after: bytes) -> None:
        self.member = member
        self.before = before
        self.after = after
        self._first = b"data: " + before
        self._last = after + b"\n\n"
        self._between = self._last + self._first
        self._text_at = slice(len(self._first), -len(self._last))
        self.extra_bytes: int = len(self._between)

    def run_in(self, data: bytes) -> Run | None:
        """Return the events that the data begins with, if they are such ones. What follows may be anything."""
        first, last = self._first, self._last
        texts: list[bytes] = []
        at = 0
        # A line's end is looked for, which no text has: what is looked for any longer, Python prepares anew each time.
        while data.startswith(first, at):
            begin = at + len(first)
            at = data.find(b"\n", begin) + 2
            end = at - len(last)
            if end < begin or not data.startswith(last, end):
                break
            texts.append(data[begin:end])
        lines = b"\n".join(texts)
        if not _are_texts(lines) or lines.count(b"\n") >= len(texts):
            texts = list(takewhile(_is_text, texts))
        return self._run(texts)

    def whole_run(self, data: bytes) -> Run | None:
        """Return the events that the data is, if it is such ones and nothing else. One alone is found the quickest."""
        text = data[self._text_at]
        # To put such an event together takes two thirds of what `startswith` and `endswith` do.
        if not text or self._first + text + self._last != data:
            return None
        if not _find_special(text):  # as in most: it takes little more than half of what `_is_text` does
            return Run("", text, self, (text,))
        if _is_text(text):
            return self._run((text,))
        run = self.run_in(data)
        return run if run is not None and run.size == len(data) else None

    def joined(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Give frames, and those that they begin with as a run if they are such events."""
        taken: list[Frame] = []
        texts: list[bytes] = []
        fault = None
        try:
            for frame in frames:
                taken.append(frame)
                if (text := self._text_in(frame)) is None:
                    break
                texts.append(text)
        except EventTooLarge as error:  # those before it count
            fault = error
        run = self._run(texts)
        yield from taken if run is None else (run, *taken[len(texts) :])
        if fault is not None:
            raise fault
        yield from frames

    def written(self, texts: Sequence[bytes]) -> bytes:
        """Return the events of these texts."""
        return self._first + self._between.join(texts) + self._last

    def _text_in(self, frame: Frame) -> bytes | None:
        data = frame.data
        if frame.event or not (data.startswith(self.before) and data.endswith(self.after)):
            return None
        text = data[len(self.before) : len(data) - len(self.after)]
        return text if _is_text(text) else None

    def _run(self, texts: Sequence[bytes]) -> Run | None:
        """Return the events of these texts; None where they are none, or no characters."""
        data = texts[0] if len(texts) == 1 else b"".join(texts)
        if not data or not (data.isascii() or _is_utf8(data)):
            return None
        return Run("", data, self, texts)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
