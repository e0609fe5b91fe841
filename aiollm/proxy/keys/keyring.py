"""The holders in memory: who presents a key, and whether they may do what they ask for. No store is asked.

One extractor, one policy: whatever header a key came in, it is identified here and nowhere else (CVE-2026-45339).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hmac import compare_digest
from typing import Literal

import msgspec

from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.keys.holder import Holder, HolderId, allows
from aiollm.proxy.keys.token import digest_of
from aiollm.types.secret import Secret

__all__ = ["Identity", "Keyring", "Role"]

Role = Literal["admin", "caller", "anyone", "public"]


class Identity(msgspec.Struct, frozen=True, eq=False):
    """Who asks. A caller has another one as soon as anything of its key, team or user has changed.

    Attributes:
        role: "admin" has the master key; "caller" a virtual key; "anyone" is there where no master key is set, and may
            do all; "public" was not looked at, because the route is everybody's, and may do nothing else.
        key: the virtual key; None for the master key, and where nobody needs one.
        holders: the key, and the team and the user it belongs to; none but for a caller.
    """

    role: Role
    key: Holder | None = None
    holders: tuple[Holder, ...] = ()

    @property
    def is_admin(self) -> bool:
        """Whether it may do all: it has the master key, or none is set."""
        return self.role in ("admin", "anyone")

    def require(self, *, model: str | None = None, route: str | None = None) -> None:
        """Check that all holders may ask for a model, and call a route.

        Raises:
            Refusal: one may not.
        """
        for holder in self.holders:
            if route is not None and holder.routes and not allows(holder.routes, route):
                raise _refused(403, f"this {holder.kind} may not call {route}", "route_access_denied")
            if model is not None and holder.models and not allows(holder.models, model):
                message = f"this {holder.kind} may not use the model {model}"
                raise _refused(403, message, "model_access_denied", param="model")

    def require_admin(self) -> None:
        """Check that the master key was presented, or none is set.

        Raises:
            Refusal: it was not.
        """
        if not self.is_admin:
            raise _refused(403, "only the master key may do this", "admin_only")


_ADMIN = Identity("admin")
_ANYONE = Identity("anyone")


class Keyring:
    """All holders, by name. It changes whole records only, and never writes one back.

    Args:
        master: the master key; None where the proxy serves anyone who reaches it.
    """

    def __init__(self, master: Secret | None) -> None:
        self._holders: dict[HolderId, Holder] = {}
        self._callers: dict[str, Identity] = {}  # of this version, by the SHA-256 of their keys
        self.version: int = 0
        self.set_master(master)

    def set_master(self, master: Secret | None) -> None:
        """Have another master key from now on."""
        self._master = None if master is None else digest_of(master.reveal())

    def update(self, holders: Collection[Holder], gone: Collection[HolderId] = (), *, version: int) -> None:
        """Take over records that have changed.

        Args:
            holders: records that are new or other than before.
            gone: names that are no more.
            version: the store's version with these changes in it.
        """
        if holders or gone:
            self._callers.clear()
        self._holders.update((holder.id, holder) for holder in holders)
        for name in gone:
            self._holders.pop(name, None)
        self.version = max(self.version, version)

    def get(self, name: HolderId) -> Holder | None:
        """Return a holder by its name."""
        return self._holders.get(name)

    def all(self, kind: str | None = None) -> list[Holder]:
        """Return all holders, or those of a kind."""
        return [holder for holder in self._holders.values() if kind in (None, holder.kind)]

    def identify(self, presented: str | None, now: float) -> Identity:
        """Return who presents a key.

        Args:
            presented: the key as the caller sent it, without "Bearer"; None when none was sent.
            now: the time, in seconds since 1970.

        Raises:
            Refusal: no key was sent where one is needed, or it is unknown, blocked or expired.
        """
        if self._master is None:
            if presented is None or not self._holders:
                return _ANYONE
        elif presented is None:
            raise _refused(401, "no API key was sent: send it as `Authorization: Bearer <key>`", "missing_api_key")
        digest = digest_of(presented)
        if self._master is not None and compare_digest(digest, self._master):
            return _ADMIN
        caller = self._callers.get(digest) or self._caller(digest)
        if caller is None:
            if self._master is None:
                return _ANYONE  # clients must send some key, and there is nothing to guard
            raise _refused(401, "the API key is not known here", "invalid_api_key")
        for holder in caller.holders:
            if holder.blocked:
                raise _refused(403, f"this {holder.kind} is blocked", "key_blocked")
            if holder.expires is not None and now >= holder.expires:
                raise _refused(401, f"this {holder.kind} has expired", "expired_key")
        return caller

    def _caller(self, digest: str) -> Identity | None:
        key = self._holders.get(HolderId("key", digest))
        if key is None or not compare_digest(digest, key.name):
            return None
        caller = self._callers[digest] = Identity("caller", key, (key, *self._owners(key)))
        return caller

    def _owners(self, key: Holder) -> Iterable[Holder]:
        names = (key.team and HolderId("team", key.team), key.user and HolderId("user", key.user))
        return [owner for name in names if name and (owner := self._holders.get(name)) is not None]


def _refused(status: int, message: str, code: str, param: str | None = None) -> Refusal:
    kind = "authentication_error" if status == 401 else "permission_error"
    return Refusal(Failure(status, message, code, kind, param))
