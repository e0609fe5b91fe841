"""Takes secrets out of what is recorded, before it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from urllib.parse import unquote

from attrs import evolve

from aiollm.testing.log import SECRET_NAME, SECRET_QUERY
from aiollm.testing.recording.file import Exchange, Fields, Piece

__all__ = ["scrubbed"]

HIDDEN = "***"

_WHOSE = re.compile(r"organization|project|account|user-?id|client-?ip|forwarded", re.IGNORECASE)
_SHORTEST = 8  # characters: a shorter value may be any word
# Members of JSON that hold a secret; not "token", which is what log probabilities are of.
_MEMBER = re.compile(
    rb'"(?:[\w-]*(?:api_?key|secret|password|private_key|session_token|access_token|refresh_token|id_token)|authorization)"'
    rb'\s*:\s*"((?:[^"\\]|\\.)*)"',
    re.IGNORECASE,
)
_LOOKS_LIKE_A_KEY = re.compile(
    rb"\b(?:sk|pk|rk|gsk|xai|hf|key|pplx|r8|csk|nvapi|AKIA|ASIA|AIza)[-_]?[A-Za-z0-9_\-]{16,}|eyJ[\w-]{16,}\.[\w-]+\.[\w-]+"
)


def scrubbed(exchange: Exchange) -> Exchange:
    """Return an exchange without secrets.

    Header fields and query parameters with the name of a secret, or that tell whose account it is, become `***`. In the
    bodies, what was such a value, members of JSON with the name of a secret, and what looks like a key become
    asterisks, as many as there were bytes: no length changes and no piece is cut elsewhere.
    """
    known = {value.encode() for value in _secrets(exchange)}
    body = b"".join(piece.data for piece in exchange.pieces)
    return evolve(
        exchange,
        target=SECRET_QUERY.sub(rf"\1{HIDDEN}", exchange.target),
        request_fields=_hidden(exchange.request_fields),
        request_body=_masked(exchange.request_body, known),
        fields=_hidden(exchange.fields),
        pieces=_cut_alike(_masked(body, known), exchange.pieces),
    )


def _is_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name) or _WHOSE.search(name)) and not name.lower().startswith("x-ratelimit")


def _hidden(fields: Fields) -> Fields:
    return [(name, HIDDEN if _is_secret(name) else value) for name, value in fields]


def _secrets(exchange: Exchange) -> Iterator[str]:
    """Yield the values of the request that must not be seen anywhere."""
    for name, value in exchange.request_fields:
        if _is_secret(name):
            yield from (word for word in re.split(r"[\s,;=]+", value) if len(word) >= _SHORTEST)
    for found in SECRET_QUERY.finditer(exchange.target):
        value = unquote(found[0][len(found[1]) :])
        if len(value) >= _SHORTEST:
            yield value


def _masked(data: bytes, known: set[bytes]) -> bytes:
    for secret in sorted(known, key=len, reverse=True):
        data = data.replace(secret, b"*" * len(secret))
    data = _MEMBER.sub(lambda found: found[0].replace(found[1], b"*" * len(found[1])) if found[1] else found[0], data)
    return _LOOKS_LIKE_A_KEY.sub(lambda found: b"*" * len(found[0]), data)


def _cut_alike(body: bytes, pieces: list[Piece]) -> list[Piece]:
    ends = list(accumulate(len(piece.data) for piece in pieces))
    starts = [0, *ends]
    return [evolve(piece, data=body[start:end]) for piece, start, end in zip(pieces, starts, ends, strict=False)]
