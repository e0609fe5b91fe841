"""The table of models: what a file of it holds, and finding an entry by its name.

A file is a line of JSON and, behind it, parts that are compressed each by itself: one for the entries of all names that
begin alike, as in "groq/...", and one for those without a beginning. So a process inflates what it asks for, which is a
part or two of a hundred: all of it would take a good deal of the start of a proxy.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path

import msgspec

from aiollm.pricing.entry import Entry

__all__ = ["ModelTable", "packaged_table", "packed_table", "read_table"]

PACKAGED = Path(__file__).with_name("models.table")

_Part = dict[str, msgspec.Raw]
"""Entries by name, each decoded when somebody asks for it."""


class _Head(msgspec.Struct):
    """The first line of a file.

    Attributes:
        source: where its facts are from.
        made: the day of the source, as in "2026-11-26".
        crc: the checksum of all parts.
        lengths: how many bytes each part has, in their order, by what its names begin with.
    """

    source: str
    made: str
    crc: int
    lengths: dict[str, int]


class ModelTable(Mapping[str, Entry]):
    """Entries of models by LiteLLM's names, such as "gpt-4o" and "groq/llama-3.3-70b-versatile".

    Attributes:
        source: where its facts are from.
        made: the day of the source, as in "2026-11-26".
    """

    def __init__(self, source: str, made: str, parts: Mapping[str, bytes]) -> None:
        self.source = source
        self.made = made
        self._packed = parts
        self._parts: dict[str, _Part] = {}
        self._read: dict[str, Entry] = {}

    def __getitem__(self, name: str) -> Entry:
        entry = self._read.get(name)
        if entry is None:
            entry = self._read[name] = msgspec.json.decode(self._part(_beginning(name))[name])
        return entry

    def __iter__(self) -> Iterator[str]:
        for beginning in self._packed:
            yield from self._part(beginning)

    def __len__(self) -> int:
        return sum(len(self._part(beginning)) for beginning in self._packed)

    def _part(self, beginning: str) -> _Part:
        if beginning not in self._packed:
            return {}
        part = self._parts.get(beginning)
        if part is None:
            part = self._parts[beginning] = msgspec.json.decode(zlib.decompress(self._packed[beginning]), type=_Part)
        return part


def _beginning(name: str) -> str:
    beginning, slash, _ = name.partition("/")
    return beginning if slash else ""


def packed_table(entries: Mapping[str, Entry], *, source: str, made: str) -> bytes:
    """Return the content of a file with these entries, the same for the same entries."""
    parts: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
    for name, entry in sorted(entries.items()):
        parts[_beginning(name)][name] = entry
    packed = [zlib.compress(msgspec.json.encode(part), level=9) for part in parts.values()]
    body = b"".join(packed)
    head = _Head(source, made, zlib.crc32(body), dict(zip(parts, map(len, packed), strict=True)))
    return msgspec.json.encode(head) + b"\n" + body


def read_table(path: Path) -> ModelTable:
    """Read a file that `packed_table` made.

    Raises:
        OSError: it cannot be read.
        ValueError: it is none.
    """
    line, _, body = path.read_bytes().partition(b"\n")
    try:
        head = msgspec.json.decode(line, type=_Head)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} is not a table of models: {error}") from None
    if zlib.crc32(body) != head.crc:
        raise ValueError(f"{path} is not a table of models any more: it is not as it was written")
    edges = pairwise(accumulate(head.lengths.values(), initial=0))
    return ModelTable(
        head.source, head.made, {part: body[start:end] for part, (start, end) in zip(head.lengths, edges, strict=True)}
    )


@cache
def packaged_table() -> ModelTable:
    """Return the table that comes with the package. It reads a file at the first call."""
    return read_table(PACKAGED)
