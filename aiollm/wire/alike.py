"""Events of a stream that differ in one text only, found all at once.

Nearly all events of an answer are the same but for the piece of text in them. Who has read one of them, and need not
read the others, has them found by what is around the text: 0.2 us an event, against 2.5 for reading it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from aiollm.exceptions import EventTooLarge
from aiollm.wire.frame import Frame

__all__ = ["AlikeEvents", "Run"]

# What may stand between the quotes of a JSON text, by the letter. An empty one is no piece of an answer.
_LETTERS = rb'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))++'
_is_text = re.compile(_LETTERS).fullmatch
_are_texts = re.compile(rb"%b(?:\n%b)*+" % (_LETTERS, _LETTERS)).fullmatch


class Run(Frame, frozen=True, gc=False):
    """Several events in a row, as they came.

    Attributes:
        event: "", as they have no name.
        data: all bytes of them, with what is around their payloads.
        member: where in them the text is.
        text: all their texts in a row, as JSON writes texts, but for the quotes.
        count: how many they are.
    """

    member: str
    text: bytes
    count: int


class AlikeEvents:
    """Knows events that differ in one text only.

    Args:
        member: the name of what the text is in.
        before: the payload of such an event up to the text, and with the quote that begins it.
        after: the payload from the text's last quote on.
    """

    def __init__(self, member: str, before: bytes, after: bytes) -> None:
        self.member = member
        self._before = before
        self._after = after
        self._first = b"data: " + before
        self._last = after + b"\n\n"
        self._between = self._last + self._first

    def run_in(self, data: bytes) -> Run | None:
        """Return the events that the data begins with, if they are such ones. What follows may be anything."""
        if not data.startswith(self._first):
            return None
        parts = data.split(self._between)
        parts[0] = parts[0][len(self._first) :]
        last, end, _ = parts[-1].partition(self._last)
        texts = [*parts[:-1], last] if end else parts[:-1]
        lines = b"\n".join(texts)
        if not _are_texts(lines) or lines.count(b"\n") >= len(texts):
            texts = list(takewhile(_is_text, texts))
            next_text, end, _ = parts[len(texts)].partition(self._last)
            if end and _is_text(next_text):
                texts.append(next_text)
        return self._run(texts)

    def joined(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Give frames, and those that they begin with as a run if they are such events."""
        texts, others, fault = [], [], None
        try:
            for frame in frames:
                if (text := self._text_in(frame)) is None:
                    others.append(frame)
                    break
                texts.append(text)
        except EventTooLarge as error:  # those before it count
            fault = error
        run = self._run(texts)
        yield from (*([run] if run is not None else self._frames(texts)), *others)
        if fault is not None:
            raise fault
        yield from frames

    def _text_in(self, frame: Frame) -> bytes | None:
        data = frame.data
        if frame.event or not (data.startswith(self._before) and data.endswith(self._after)):
            return None
        text = data[len(self._before) : len(data) - len(self._after)]
        return text if _is_text(text) else None

    def _frames(self, texts: Iterable[bytes]) -> list[Frame]:
        return [Frame("", self._before + text + self._after) for text in texts]

    def _run(self, texts: list[bytes]) -> Run | None:
        """Return the events of these texts; None where they are none, or no characters."""
        text = b"".join(texts)
        if not texts or not _is_utf8(text):
            return None
        return Run("", self._first + self._between.join(texts) + self._last, self.member, text, len(texts))


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
