"""The table of models: what a file of it holds, and finding an entry by its name."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from aiollm.pricing.entry import Entry

__all__ = ["ModelTable", "packaged_table", "packed_table", "read_table"]

PACKAGED = Path(__file__).with_name("models.json.gz")

_GZIP = 31
"""zlib's number for the largest window, with the head and the tail of a gzip file: it takes half the time of gzip."""


class _File(msgspec.Struct):
    """What a file of the table holds, inflated.

    Attributes:
        source: where its facts are from.
        made: the day of the source, as in "2026-11-26".
        models: the entries by name, each decoded when somebody asks for it.
    """

    source: str
    made: str
    models: dict[str, msgspec.Raw]


class ModelTable(Mapping[str, Entry]):
    """Entries of models by LiteLLM's names, such as "gpt-4o" and "groq/llama-3.3-70b-versatile".

    Attributes:
        source: where its facts are from.
        made: the day of the source, as in "2026-11-26".
    """

    def __init__(self, source: str, made: str, models: Mapping[str, msgspec.Raw]) -> None:
        self.source = source
        self.made = made
        self._models = models
        self._read: dict[str, Entry] = {}

    def __getitem__(self, name: str) -> Entry:
        entry = self._read.get(name)
        if entry is None:
            entry = self._read[name] = msgspec.json.decode(self._models[name])
        return entry

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)


def packed_table(entries: Mapping[str, Entry], *, source: str, made: str) -> bytes:
    """Return the content of a file with these entries: gzip of JSON, the same for the same entries."""
    file = {"source": source, "made": made, "models": dict(sorted(entries.items()))}
    return zlib.compress(msgspec.json.encode(file), wbits=_GZIP)


def read_table(path: Path) -> ModelTable:
    """Read a file that `packed_table` made.

    Raises:
        OSError: it cannot be read.
        ValueError: it is none.
    """
    try:
        file = msgspec.json.decode(zlib.decompress(path.read_bytes(), _GZIP), type=_File)
    except (zlib.error, msgspec.DecodeError) as error:
        raise ValueError(f"{path} is not a table of models: {error}") from None
    return ModelTable(file.source, file.made, file.models)


@cache
def packaged_table() -> ModelTable:
    """Return the table that comes with the package. It reads a file at the first call."""
    return read_table(PACKAGED)
