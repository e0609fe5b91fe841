"""Replaying: the scripted server answers from a recording, byte for byte, in the time that it took or in another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aiollm.testing.exchange import Exchange as Answering
from aiollm.testing.recording.file import Exchange, read_recording
from aiollm.testing.recording.scrub import scrubbed
from aiollm.testing.step import ScriptError, Step, require
from aiollm.types.shape import JSON

__all__ = ["end_alike", "replay", "send_head"]

_OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


def replay(path: str | Path, *, speed: float = 1.0) -> Step:
    """Answer requests from a file that `record` wrote.

        server.script(replay("tests/answers/hello.txt", speed=100))

    A request gets the next answer that was recorded for the same method, path and body; bodies of JSON are compared as
    what they mean. The bytes are cut as they were, and an answer that was cut or reset is again.

    Args:
        path: the file.
        speed: how much faster than recorded; `math.inf` for no waits at all.

    Raises:
        ScriptError: `speed` is not above 0; or, in the server's `errors`, a request has no answer (any more).
        OSError: the file cannot be read.
        ValueError: it is no recording.
    """
    require(speed > 0, f"replay: speed is above 0, not {speed!r}")
    left = read_recording(Path(path))

    async def run(answering: Answering) -> None:
        request = answering.request
        asked = scrubbed(Exchange(request.method, request.target, list(request.headers.raw), request.body))
        found = next((kept for kept in left if _is_for(kept, asked)), None)
        if found is None:
            raise ScriptError(_why_not(path, asked, left))
        left.remove(found)
        await _answer(answering, found, speed)

    return Step(f"replay({str(path)!r})", run, sets_head=True, sends=True, ends=True)


async def send_head(answering: Answering, kept: Exchange) -> None:
    """Send the head of a recorded answer, framed as it was."""
    head = answering.head
    head.status, head.reason = kept.status, kept.reason or None
    head.fields += [field for field in kept.fields if field[0].lower() not in _OF_THE_CONNECTION]
    named = {name.lower(): value for name, value in kept.fields}
    if "chunked" not in named.get("transfer-encoding", "").lower():
        length = named.get("content-length")
        head.framing = "close" if length is None else "length"
        head.length = None if length is None else int(length)
    await answering.send_head(of_stream=False)


async def end_alike(answering: Answering, kept: Exchange) -> None:
    """End an answer as the recorded one ended."""
    if kept.ending == "end":
        await answering.end()
    else:
        await answering.close("rst" if kept.ending == "reset" else "fin")


async def _answer(answering: Answering, kept: Exchange, speed: float) -> None:
    await answering.wait(kept.after / speed)
    if kept.status:
        await send_head(answering, kept)
    for piece in kept.pieces:
        await answering.wait(piece.after / speed)
        await answering.body(piece.data)
    await answering.wait(kept.ended_after / speed)
    await end_alike(answering, kept)


def _is_for(kept: Exchange, asked: Exchange) -> bool:
    return (kept.method, kept.target) == (asked.method, asked.target) and _meant(kept) == _meant(asked)


def _meant(exchange: Exchange) -> Any:
    try:
        return json.loads(exchange.request_body)
    except ValueError:
        return exchange.request_body


def _why_not(path: str | Path, asked: Exchange, left: list[Exchange]) -> str:
    """Say what the request has otherwise than the next one of the recording."""
    begin = f"{path} has no answer left for {asked.method} {asked.target}"
    near = next((kept for kept in left if (kept.method, kept.target) == (asked.method, asked.target)), None)
    if near is None:
        return f"{begin}: {len(left)} are left, for others; record it again"
    differing = ", ".join(sorted(_differing(_meant(near), _meant(asked)))) or "the body"
    return f"{begin}: the request differs from the recorded one in {differing}; record it again"


def _differing(kept: JSON, asked: JSON) -> Iterator[str]:
    if isinstance(kept, Mapping) and isinstance(asked, Mapping):
        yield from (name for name in kept.keys() | asked.keys() if kept.get(name) != asked.get(name))
