"""Who has signed in at the page: a cookie that only a holder of the master key can have been given.

Nothing is kept: the cookie carries its end, and a signature by a key that is made of the master key for this purpose
and no other (CVE-2026-114612). So all workers know it, and another master key ends it.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from hmac import compare_digest, digest

from aiollm.types.secret import Secret

__all__ = ["COOKIE", "SESSION_SECONDS", "form_token", "is_form_token", "is_session", "new_session"]

COOKIE = "aiollm_session"
SESSION_SECONDS = 8 * 3600

_SESSION, _FORM = b"aiollm page: session", b"aiollm page: form"


def new_session(master: Secret, now: float) -> str:
    """Return the cookie of somebody who has shown the master key."""
    claim = f"{int(now) + SESSION_SECONDS}.{secrets.token_urlsafe(16)}"
    return f"{claim}.{_signed(master, _SESSION, claim)}"


def is_session(master: Secret, cookie: str | None, now: float) -> bool:
    """Whether a cookie is one of ours, and has not ended."""
    claim, _, signature = (cookie or "").rpartition(".")
    if not _same(signature, _signed(master, _SESSION, claim)):
        return False
    return now < int(claim.partition(".")[0])


def form_token(master: Secret, cookie: str) -> str:
    """Return what a form of the page carries, so that no other site's form does what ours do."""
    return _signed(master, _FORM, cookie)


def is_form_token(master: Secret, cookie: str, token: str) -> bool:
    """Whether a form is one that the page gave to this session."""
    return _same(token, form_token(master, cookie))


def _signed(master: Secret, purpose: bytes, text: str) -> str:
    key = digest(master.reveal().encode(), purpose, sha256)
    return digest(key, text.encode("utf-8", "surrogateescape"), sha256).hex()


def _same(given: str, right: str) -> bool:
    return compare_digest(given.encode("utf-8", "surrogateescape"), right.encode())
