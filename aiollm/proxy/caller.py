"""Who calls a route: what a handler may rely on, because it was checked before the handler runs."""

from __future__ import annotations

import msgspec

from aiollm.proxy.keys import Identity

__all__ = ["Caller"]


class Caller(msgspec.Struct, frozen=True):
    """Who has sent a request, and as which one it is known.

    Attributes:
        identity: the key, with the team and the user that it belongs to.
        request_id: names the request in headers, logs and rows of spend.
    """

    identity: Identity
    request_id: str

    @property
    def is_admin(self) -> bool:
        """Whether the caller may do all: it has the master key, or there is none. Of a public route nobody may."""
        return self.identity.is_admin

    @property
    def owner(self) -> str:
        """Whose the streams are that it makes: one key's only, by its SHA-256, or those of the other role."""
        key = self.identity.key
        return self.identity.role if key is None else key.name

    def require_model(self, model: str) -> None:
        """Check that the caller may ask for a model.

        Raises:
            Refusal: it may not.
        """
        self.identity.require(model=model)
