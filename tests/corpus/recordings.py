"""The recorded traffic, case by case: ours, and what lies beside the checkout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from attrs import field, frozen

from tests import CORPUS, ROOT

ABNORMAL = {
    "groq/stream-instream-error-gpt-oss-120b-25e98858": "BadRequestError",
    "openrouter/stream-instream-error-llama-3.3-70b-875a23bf": "BadGatewayError",
    "openrouter/stream-instream-error-minimax-m2-baafd4cb": "BadRequestError",
    "openai-chat/stream-server-error-midstream": "InternalServerError",
    "openai-chat/stream-cut-inside-event": "StreamTruncated",
    "llamacpp-xllamacpp-11549-smollm2/disconnect_stream": "StreamTruncated",
}
"""Streams that end with an error."""

UNFINISHED = {
    "openrouter/stream-text-usage-qwen3-coder-4c7ecbba": 0,
    "snowflake/stream-text-usage-claude-sonnet-4-6-c3a80582": 0,
    "litellm-proxy/stream-multi-choice-gpt-3.5-turbo-5cc4cfe6": 1,
}
"""Streams with an end marker but without a finish reason for the choice named."""


@frozen
class Recording:
    """One reply."""

    name: str
    status: int
    headers: dict[str, str] = field(repr=False)
    streamed: bool
    body: bytes = field(repr=False)


def of_providers(wire: str) -> Iterator[Recording]:
    """Yield the replies of hosted providers in one wire format, by its name in the recordings' facts."""
    for path in sorted(CORPUS.glob("dev/*/*.meta.json")) + sorted(CORPUS.glob("assembled/*/*.meta.json")):
        facts = json.loads(path.read_bytes())
        if facts["wire"] != wire:
            continue
        case = path.name.removesuffix(".meta.json")
        yield Recording(
            f"{path.parent.name}/{case}",
            facts["status"],
            {name.lower(): value for name, value in facts.get("headers") or ()},
            facts["stream"],
            path.with_name(f"{case}.response.bin").read_bytes(),
        )


def of_local_servers(folder: Path, belongs: Callable[[bytes, bytes], bool]) -> Iterator[Recording]:
    """Yield the replies of open-source servers, recorded by us, whose head and body belong to a wire format."""
    for path in sorted(folder.glob("*/*.http")):
        head, _, body = path.read_bytes().partition(b"\r\n\r\n")
        if body.startswith(b"HTTP/1.1"):
            head, _, body = body.partition(b"\r\n\r\n")
        if not belongs(head, body):
            continue
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        yield Recording(
            f"{path.parent.name}/{path.stem}",
            int(first.split()[1]),
            headers,
            headers.get("content-type", "").startswith(("text/event-stream", "application/x-ndjson")),
            body,
        )


def is_chat(head: bytes, body: bytes) -> bool:
    """Tell a chat completion, or an error in OpenAI's form, from the other dialects of a server."""
    if b" 200" not in head.split(b"\r\n", 1)[0]:
        return b'"error"' in body[:40] and b"anthropic" not in body
    return b'"chat.completion' in body


@cache
def recordings(wire: str = "openai-chat", belongs: Callable[[bytes, bytes], bool] = is_chat) -> tuple[Recording, ...]:
    """Return all there are of a wire format; of a reply that is here and beside the checkout, the one here."""
    ours = (
        *of_local_servers(ROOT / "tests" / "wiredata", belongs),
        *of_local_servers(CORPUS / "local-servers", belongs),
    )
    return (*of_providers(wire), *{recording.name: recording for recording in reversed(ours)}.values())


def frame_edges(body: bytes, separator: bytes = b"\n\n") -> list[int]:
    """Return the places behind blank lines, or behind what else parts the frames."""
    edges, place = [], body.find(separator)
    while place >= 0:
        edges.append(place + len(separator))
        place = body.find(separator, place + 1)
    return edges
