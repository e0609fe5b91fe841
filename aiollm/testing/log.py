"""What the server saw: one record a request, with the times and the way its connection ended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qsl

from attrs import define, field

from aiollm.types.shape import JSON

Side = Literal["client", "server"]
Ending = Literal["fin", "rst"]

SECRET_NAME = re.compile(r"auth|key|token|secret|cookie|signature", re.IGNORECASE)
SECRET_QUERY = re.compile(r"([?&][^=&]*(?:auth|key|token|secret|sig)[^=&]*=)[^&]*", re.IGNORECASE)


class Headers(Mapping[str, str]):
    """The header fields of a request: read without regard to case, kept as they came in `raw`.

    The values are whole, so a test can check a credential. The repr hides every one that looks like a secret.
    """

    def __init__(self, raw: list[tuple[str, str]]) -> None:
        self.raw = raw
        self._values: dict[str, str] = {}
        for name, value in raw:
            known = self._values.get(name.lower())
            self._values[name.lower()] = value if known is None else f"{known}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        shown = {name: "***" if SECRET_NAME.search(name) else value for name, value in self.raw}
        return f"Headers({shown})"


@define(eq=False, repr=False, slots=False)
class LoggedRequest:
    """One request as the server saw it, and what became of its answer.

    Times are `time.monotonic()` in seconds; None means it has not happened. `connection` counts accepted connections
    from 0: two requests with the same number shared one.

    `disconnected_at`, `disconnected_by` and `disconnected_how` tell how the connection ended; they stay None on a
    request whose connection went on to serve another. `finished_at` is set when the answer was handed over whole.
    `bytes_written` and `events_written` count what the operating system had taken before the end.
    """

    index: int
    connection: int
    method: str
    target: str
    version: str
    headers: Headers
    body: bytes
    received_at: float
    first_byte_at: float | None = None
    finished_at: float | None = None
    disconnected_at: float | None = None
    disconnected_by: Side | None = None
    disconnected_how: Ending | None = None
    bytes_written: int = 0
    events_written: int = 0
    trailers: Headers = field(factory=lambda: Headers([]))

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query parameters, the last one of a name."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @cached_property
    def json(self) -> Any:
        """The body parsed as JSON. Raises `ValueError` when it is not."""
        return json.loads(self.body)

    def member(self, name: str, default: Any = None) -> Any:
        """A top-level member of the JSON body; the default where the body is no JSON object or lacks it."""
        try:
            body: JSON = self.json
        except ValueError:
            return default
        return body.get(name, default) if isinstance(body, dict) else default

    def __repr__(self) -> str:
        target = SECRET_QUERY.sub(r"\1***", self.target)
        ending = f", {self.disconnected_how} by {self.disconnected_by}" if self.disconnected_by else ""
        state = "answered" if self.finished_at is not None else "open" if not ending else "unfinished"
        return (
            f"<request {self.index}: {self.method} {target}, connection {self.connection}, {len(self.body)} bytes, "
            f"{state} after {self.events_written} events{ending}>"
        )
