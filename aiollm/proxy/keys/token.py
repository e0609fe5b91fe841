"""Virtual keys as text: made of 256 random bits, shown once, and kept as their SHA-256 only.

A hash without a salt is enough for what is random: there is no dictionary of such keys. Hashes are of whole keys, so
that no two keys with the same beginning can be taken for one another (CVE-2026-35030), and a stored hash, presented,
is hashed again and is no key (GHSA-69x8-hrgq-fjj8).
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

from aiollm.types.secret import HiddenText

__all__ = ["digest_of", "digest_said", "new_key", "shown"]

_BYTES = 32
_PREFIX = "sk-"
_DIGEST = re.compile("[0-9a-f]{64}")


def new_key() -> HiddenText:
    """Return a new key; its repr is `***`."""
    return HiddenText(_PREFIX + secrets.token_urlsafe(_BYTES))


def digest_of(key: str) -> str:
    """Return what is kept of a key: its SHA-256, in hex."""
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def digest_said(said: str) -> str:
    """Return the SHA-256 of a key that an operator speaks of by itself or by its SHA-256. Nobody comes in with one."""
    return said if _DIGEST.fullmatch(said) else digest_of(said)


def shown(key: str) -> str:
    """Return what may be shown of a key, to tell it from others: its last four characters."""
    return f"{_PREFIX}...{key[-4:]}"
