"""The model's name in the events of a stream that are handed on as they came."""

from __future__ import annotations

import re
from collections.abc import Callable

from aiollm.outbound.frames import encode
from aiollm.types.lenient import lenient_json

__all__ = ["Renaming"]

_MODEL = re.compile(rb'("model": ?)("(?:[^"\\]|\\.)*")')


class Renaming:
    """Gives the model the caller's name for it, in one stream.

    Args:
        model: the name.
        name_in: returns the provider's name for it in an event; None where the event is not as it should be.
    """

    def __init__(self, model: str, name_in: Callable[[bytes], str | None]) -> None:
        self._model = model
        self._name_in = name_in
        self._old: bytes | None = None  # the member as the provider writes it, b"" where it cannot be told
        self._new = b""

    def __call__(self, data: bytes) -> bytes | None:
        """Return an event with the other name; None where it is not as the first one was, or that not as it should be.

        It may be a part of an event, in which the name is.
        """
        if self._old is None:
            self._look(data)
        if not self._old or self._old not in data:
            return None
        return data.replace(self._old, self._new)

    def _look(self, data: bytes) -> None:
        name = self._name_in(data)
        # A text cannot be taken for the member: its quotes have backslashes before them.
        found = next((member for member in _MODEL.finditer(data) if lenient_json(member[2]) == name), None)
        if found is None:
            self._old = b""
            return
        self._old, self._new = found[0], found[1] + encode(self._model)
