"""The model's name in the events of a stream that are handed on as they came."""

from __future__ import annotations

import re

from aiollm.dialects.openai_form import is_openais_head
from aiollm.proxy.inbound.frames import encode
from aiollm.types.lenient import lenient_json

__all__ = ["Renaming"]

_MODEL = re.compile(rb'("model": ?)("(?:[^"\\]|\\.)*")')


class Renaming:
    """Gives the model the caller's name for it, in one stream.

    Args:
        model: the name.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._old: bytes | None = None  # the member as the provider writes it, b"" where it cannot be told
        self._new = b""

    def __call__(self, data: bytes) -> bytes | None:
        """Return events with the other name; None where they are not as the first one was, or not as OpenAI's are."""
        if self._old is None:
            self._look(data)
        if not self._old or self._old not in data:
            return None
        return data.replace(self._old, self._new)

    def _look(self, data: bytes) -> None:
        # A text cannot be taken for the member: its quotes have backslashes before them.
        found = _MODEL.search(data)
        if found is None or not is_openais_head(data) or lenient_json(data)["model"] != lenient_json(found[2]):
            self._old = b""
            return
        self._old, self._new = found[0], found[1] + encode(self._model)
