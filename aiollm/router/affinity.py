"""Which calls belong together, and which deployment they share.

A provider keeps the beginning of a prompt it has just read; the next prompt that begins so is answered sooner and costs
less, where it goes to the same place. So calls with one key go to one deployment as long as that is not busier than the
others by a quarter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from itertools import takewhile

import msgspec

from aiollm.router.member import Member
from aiollm.types.request import Request

__all__ = ["affine", "prompt_key", "session_key"]

BOUND = 1.25
"""How many times the average load a deployment may have and still be given more of its own calls (consistent hashing
with bounded loads, https://arxiv.org/abs/1608.01350)."""

SHORTEST_PREFIX_BYTES = 4096
"""About 1,024 tokens: no provider keeps less of a prompt."""

_LONGEST_PREFIX_BYTES = 64 * 1024

_ENCODER = msgspec.json.Encoder(enc_hook=repr)


def session_key(request: Request) -> str | None:
    """Return what names the conversation or the caller in a request, or None."""
    notes = request.metadata
    given = request.params.get("prompt_cache_key") or notes.get("session_id") or request.params.get("user")
    return given if isinstance(given, str) else None


def prompt_key(request: Request) -> str | None:
    """Return a digest of how a prompt begins: its tools, and its messages up to the first answer; None for a short one.

    Later turns of a conversation begin as the first did, so all of them have one key.
    """
    opening = list(takewhile(lambda message: message.get("role") != "assistant", request.messages))
    text = _ENCODER.encode([request.params.get("tools"), opening])
    if len(text) < SHORTEST_PREFIX_BYTES:
        return None
    return blake2b(text[:_LONGEST_PREFIX_BYTES], digest_size=16).hexdigest()


def affine(members: Sequence[Member], key: str) -> Member:
    """Return the member that calls with a key share: the first in the key's own order that is not too busy.

    The order is that of rendezvous hashing, by weight: a member that comes or goes moves its own calls only.
    """
    total = sum(member.statistics.in_flight for member in members) + 1
    weights = sum(member.deployment.weight for member in members)
    ranked = sorted(members, key=lambda member: _rank(key, member), reverse=True)
    for member in ranked:
        share = member.deployment.weight / weights if weights else 1 / len(members)
        if member.statistics.in_flight < math.ceil(BOUND * total * share):
            return member
    return ranked[0]


def _rank(key: str, member: Member) -> float:
    digest = blake2b(f"{key}\0{member.deployment.id}".encode(), digest_size=8).digest()
    point = (int.from_bytes(digest) + 1) / (2**64 + 1)
    return member.deployment.weight / -math.log(point)
