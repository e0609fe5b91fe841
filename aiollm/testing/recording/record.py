"""Recording: the scripted server passes each request on to the real one, and writes down what comes back."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from aiollm.testing.exchange import Exchange as Answering
from aiollm.testing.log import LoggedRequest
from aiollm.testing.recording.file import Exchange, Piece, written_exchange, written_title
from aiollm.testing.recording.replay import end_alike, send_head
from aiollm.testing.recording.scrub import scrubbed
from aiollm.testing.step import Step, require

__all__ = ["record"]

_READ_BYTES = 64 * 1024
_LONGEST_HEAD_BYTES = 64 * 1024
# The connection to the real server is another one, and what is written down is not compressed.
_NOT_PASSED_ON = frozenset(
    {"host", "connection", "keep-alive", "accept-encoding", "transfer-encoding", "content-length"}
)


def record(upstream: str, path: str | Path) -> Step:
    """Answer by passing requests on to a real server, and keep them and their answers in a file.

        server.script(record("https://api.openai.com", "tests/answers/hello.txt"))

    Whatever the code under test uses to send them: it only has to be pointed at `server.base_url`. The file is begun
    anew, and grows by each answer when that has ended; an answer that the client leaves is cut. Secrets are taken out
    before anything is written. `replay` answers from it.

    Args:
        upstream: the root of the real server, as in "https://api.openai.com"; the path of each request follows it.
        path: the file; its folder must exist.

    Raises:
        ScriptError: `upstream` is no URL of a server.
        OSError: the file cannot be written.
    """
    url = urlsplit(upstream)
    host, place = url.hostname or "", url.netloc.rpartition("@")[2]
    is_url = url.scheme in ("http", "https") and bool(host)
    require(is_url, f"record: {upstream!r} is no URL such as https://api.openai.com")
    file = Path(path)
    file.write_text(
        written_title(f"{url.scheme}://{place}{url.path}", f"{datetime.now(UTC):%Y-%m-%d}"), encoding="utf-8"
    )
    secure = ssl.create_default_context() if url.scheme == "https" else None
    port = url.port or (443 if secure else 80)

    async def run(answering: Answering) -> None:
        kept = _asked(answering.request)
        reader, writer = await asyncio.open_connection(host, port, ssl=secure, limit=_LONGEST_HEAD_BYTES)
        try:
            writer.write(_request_bytes(kept, place, url.path.rstrip("/")))
            await _pass_back(reader, answering, kept)
        finally:
            writer.transport.abort()
            _append(file, kept)
        await end_alike(answering, kept)

    return Step(f"record({upstream!r})", run, sets_head=True, sends=True, ends=True)


def _asked(request: LoggedRequest) -> Exchange:
    fields = [field for field in request.headers.raw if field[0].lower() not in _NOT_PASSED_ON]
    return Exchange(request.method, request.target, fields, request.body, status=0)  # until an answer has come


def _append(file: Path, kept: Exchange) -> None:
    with file.open("a", encoding="utf-8") as end:
        end.write(written_exchange(scrubbed(kept)))


def _request_bytes(kept: Exchange, host: str, prefix: str) -> bytes:
    ours = [("Host", host), ("Connection", "close"), ("Accept-Encoding", "identity")]
    if kept.request_body:
        ours.append(("Content-Length", str(len(kept.request_body))))
    fields = "".join(f"{name}: {value}\r\n" for name, value in [*ours, *kept.request_fields])
    return f"{kept.method} {prefix}{kept.target} HTTP/1.1\r\n{fields}\r\n".encode("latin-1") + kept.request_body


async def _pass_back(reader: asyncio.StreamReader, answering: Answering, kept: Exchange) -> None:
    """Read the answer, and give each piece to the client as it comes."""
    loop = asyncio.get_running_loop()
    last = loop.time()

    def since() -> float:
        nonlocal last
        before, last = last, loop.time()
        return last - before

    kept.ending = "reset"
    try:
        await _read_head(reader, kept)
        kept.after = since()
        await send_head(answering, kept)
        async for data in _body(reader, kept):
            kept.pieces.append(Piece(since(), data))
            await answering.body(data)
        kept.ending = "end"
    except asyncio.IncompleteReadError as cut:
        if cut.partial and kept.status:
            kept.pieces.append(Piece(since(), cut.partial))
            await answering.body(cut.partial)
        kept.ending = "cut"
    except ConnectionResetError:
        kept.ending = "reset"
    except BaseException:
        kept.ending = "cut"  # the client has left, or the server closes
        raise
    finally:
        kept.ended_after = since()


async def _read_head(reader: asyncio.StreamReader, kept: Exchange) -> None:
    while True:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        _, _, status_line = lines[0].partition(" ")
        status, _, kept.reason = status_line.partition(" ")
        kept.status = int(status)
        if kept.status >= 200:
            break
    for line in filter(None, lines[1:]):
        name, _, value = line.partition(":")
        kept.fields.append((name, value.strip()))


def _body(reader: asyncio.StreamReader, kept: Exchange) -> AsyncIterator[bytes]:
    named = {name.lower(): value for name, value in kept.fields}
    if "chunked" in named.get("transfer-encoding", "").lower():
        return _chunks(reader)
    length = named.get("content-length")
    if kept.status in (204, 304) or kept.method == "HEAD":
        length = "0"
    return _reads(reader, None if length is None else int(length))


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    with suppress(asyncio.IncompleteReadError):  # some end without the last line
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass


async def _reads(reader: asyncio.StreamReader, length: int | None) -> AsyncIterator[bytes]:
    left = length
    while left is None or left > 0:
        data = await reader.read(_READ_BYTES if left is None else min(left, _READ_BYTES))
        if not data and left is not None:
            raise asyncio.IncompleteReadError(b"", left)
        if not data:
            return
        left = None if left is None else left - len(data)
        yield data
