"""The file of a recording: text that a person can read, and compare line by line.

    # A recording of aiollm: https://api.openai.com, 2026-11-26
    >>> POST / v1 / chat / completions
    > content-type: application/json
    |{"model": "gpt-4o", "stream": true}
    <<< 200 OK +0.412
    < content-type: text/event-stream
    +0.003
    |data: {"id": "1"}
    |
    |
    === end +0.001

`>>>` begins a request and `<<<` its answer; `>` and `<` are header fields. Each piece of the answer's body begins with
the seconds since the one before it (the answer's, with those since the request), and its bytes follow as lines: between
two lines stands a newline, and after the last line none. Lines with a `|` are text as it is; where a piece is no such
text, all its lines begin with a `!` and have Python's escapes for bytes. The end is `end` (as the protocol says), `cut`
(the connection was closed in the middle of the body) or `reset`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, cast

from attrs import define, field, frozen

__all__ = ["Ending", "Exchange", "Piece", "read_recording", "written_exchange", "written_title"]

Ending = Literal["end", "cut", "reset"]
Fields = list[tuple[str, str]]

_TITLE = "# A recording of aiollm: "
_PLAIN = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]*")


@frozen
class Piece:
    """Bytes of a body that came together.

    Attributes:
        after: seconds since the piece before it, or since the head.
        data: the bytes.
    """

    after: float
    data: bytes


@define
class Exchange:
    """One request, and its answer.

    Attributes:
        method, target: of the request line.
        request_fields, request_body: what was asked.
        status, reason: of the status line; 0 where no answer began.
        fields: the header fields of the answer.
        after: seconds from the request to the head of the answer.
        pieces: the answer's body.
        ending: how it ended.
        ended_after: seconds from the last piece to the end.
    """

    method: str
    target: str
    request_fields: Fields = field(factory=Fields)
    request_body: bytes = b""
    status: int = 200
    reason: str = ""
    fields: Fields = field(factory=Fields)
    after: float = 0.0
    pieces: list[Piece] = field(factory=list[Piece])
    ending: Ending = "end"
    ended_after: float = 0.0


def written_title(upstream: str, day: str) -> str:
    """Return the first line of a file.

    Args:
        upstream: whose answers it has.
        day: when they came, as in "2026-11-26".
    """
    return f"{_TITLE}{upstream}, {day}\n"


def written_exchange(exchange: Exchange) -> str:
    """Return an exchange as the lines of a file."""
    lines = [f">>> {exchange.method} {exchange.target}", *_fields(">", exchange.request_fields)]
    if exchange.request_body:
        lines += _lines(exchange.request_body)
    lines.append(f"<<< {exchange.status} {exchange.reason}".rstrip() + f" +{exchange.after:.6f}")
    lines += _fields("<", exchange.fields)
    for piece in exchange.pieces:
        lines += [f"+{piece.after:.6f}", *_lines(piece.data)]
    lines.append(f"=== {exchange.ending} +{exchange.ended_after:.6f}")
    return "\n".join(lines) + "\n"


def _fields(mark: str, fields: Fields) -> list[str]:
    return [f"{mark} {name}: {value}" for name, value in fields]


def _lines(data: bytes) -> list[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\r"
    if _PLAIN.fullmatch(text):
        return [f"|{line}" for line in text.split("\n")]
    return [f"!{line.decode('latin-1').encode('unicode_escape').decode()}" for line in data.split(b"\n")]


def read_recording(path: Path) -> list[Exchange]:
    """Return the exchanges of a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no recording; the message has the line.
    """
    text = path.read_text(encoding="utf-8")
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line and not line.startswith("#")]
    if not text.startswith(_TITLE):
        raise ValueError(f"{path} is no recording of aiollm: its first line is not {_TITLE!r}...")
    exchanges: list[Exchange] = []
    for number, line, data in _with_data(numbered):
        try:
            _take(exchanges, line, data)
        except (ValueError, IndexError):
            raise ValueError(f"{path}:{number}: {line!r:.80} has no place here") from None
    return exchanges


def _with_data(numbered: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str, bytes]]:
    """Yield each line that is not data, with its number and the data that follows it."""
    number, line, data = 0, "", list[bytes]()
    for next_number, next_line in numbered:
        if next_line[0] in "|!":
            data.append(_bytes(next_line))
            continue
        if line:
            yield number, line, b"\n".join(data)
        number, line, data = next_number, next_line, []
    if line:
        yield number, line, b"\n".join(data)


def _bytes(line: str) -> bytes:
    if line[0] == "|":
        return line[1:].encode()
    return line[1:].encode().decode("unicode_escape").encode("latin-1")


def _take(exchanges: list[Exchange], line: str, data: bytes) -> None:
    """Take in a line with its data."""
    mark, _, rest = line.partition(" ")
    if mark == ">>>":
        method, target = rest.split(" ")
        exchanges.append(Exchange(method, target, request_body=data))
        return
    exchange = exchanges[-1]
    if mark == ">":
        exchange.request_fields.append(_field(rest))
        exchange.request_body = exchange.request_body or data
    elif mark == "<<<":
        said, after = _timed(rest)
        status, _, exchange.reason = said.partition(" ")
        exchange.status, exchange.after = int(status), after
    elif mark == "<":
        exchange.fields.append(_field(rest))
    elif mark == "===":
        ending, exchange.ended_after = _timed(rest)
        exchange.ending = cast("Ending", _one_of(ending, ("end", "cut", "reset")))
    else:
        exchange.pieces.append(Piece(float(line), data))


def _field(text: str) -> tuple[str, str]:
    name, value = text.split(": ", 1) if ": " in text else (text.removesuffix(":"), "")
    return name, value


def _timed(text: str) -> tuple[str, float]:
    said, _, after = text.rpartition(" +")
    return said, float(after)


def _one_of(text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise ValueError(text)
    return text
