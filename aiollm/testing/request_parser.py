"""HTTP/1.x requests out of a stream of bytes: head, then a body by Content-Length or in chunks. No I/O."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from attrs import frozen

MAX_HEAD_BYTES = 256 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024


class MalformedRequest(Exception):
    """The bytes are not an HTTP request this server reads; the message says what is wrong."""


@frozen
class ParsedRequest:
    """A whole request. `version` is "1.0" or "1.1"; `fields` are the header fields in order, names as they came."""

    method: str
    target: str
    version: str
    fields: list[tuple[str, str]]
    body: bytes
    trailers: list[tuple[str, str]]


class RequestParser:
    """Feed it bytes as they come; it gives each request once it is whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._reading = self._read()
        self.wants_continue: bool = False

    def feed(self, data: bytes) -> Iterator[ParsedRequest]:
        """Requests completed by these bytes. `wants_continue` is then true if the client waits for a 100.

        Raises:
            MalformedRequest: the bytes are not HTTP/1.x, or larger than the limits.
        """
        self._buffer += data
        while True:
            try:
                next(self._reading)
                return
            except StopIteration as whole:
                self._reading = self._read()
                self.wants_continue = False
                yield whole.value

    def _read(self) -> Generator[None, None, ParsedRequest]:
        head = yield from self._until(b"\r\n\r\n")
        method, target, version, fields = _parse_head(head)
        named = {name.lower(): value for name, value in fields}
        self.wants_continue = named.get("expect", "").lower() == "100-continue"
        trailers: list[tuple[str, str]] = []
        if "chunked" in named.get("transfer-encoding", "").lower():
            body = yield from self._chunks()
            trailers = yield from self._trailers()
        else:
            body = yield from self._exactly(_length(named.get("content-length", "0"), 10))
        return ParsedRequest(method, target, version, fields, body, trailers)

    def _until(self, mark: bytes) -> Generator[None, None, bytes]:
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise MalformedRequest(f"a head or line of more than {MAX_HEAD_BYTES} bytes")
            yield
        found = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        return found

    def _exactly(self, size: int) -> Generator[None, None, bytes]:
        while len(self._buffer) < size:
            yield
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    def _chunks(self) -> Generator[None, None, bytes]:
        body = bytearray()
        while True:
            line = yield from self._until(b"\r\n")
            size = _length(line.partition(b";")[0].decode("latin-1"), 16, already=len(body))
            if size == 0:
                return bytes(body)
            body += yield from self._exactly(size)
            yield from self._exactly(2)

    def _trailers(self) -> Generator[None, None, list[tuple[str, str]]]:
        fields: list[tuple[str, str]] = []
        while line := (yield from self._until(b"\r\n")):
            fields.append(_parse_field(line.decode("latin-1")))
        return fields


def _parse_head(head: bytes) -> tuple[str, str, str, list[tuple[str, str]]]:
    first, *lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1"):
        raise MalformedRequest("the first line is not '<method> <target> HTTP/1.1'")
    return words[0], words[1], words[2][5:], [_parse_field(line) for line in lines]


def _parse_field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise MalformedRequest("a header line without a name and a colon")
    return name, value.strip()


def _length(text: str, base: int, already: int = 0) -> int:
    try:
        size = int(text, base)
    except ValueError:
        raise MalformedRequest("a body length that is not a number") from None
    if not 0 <= size <= MAX_BODY_BYTES - already:
        raise MalformedRequest(f"a body of more than {MAX_BODY_BYTES} bytes")
    return size
