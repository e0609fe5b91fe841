"""Teams and users by HTTP: whom keys belong to. What limits them limits all their keys together.

LiteLLM's clients ask in these words; `/user/new` makes no key beside the user.
"""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from aiollm.exceptions import BadRequestError
from aiollm.integrations import web
from aiollm.proxy.admin.asking import answer, asked_body, kept, missing, written
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.body import refused, text
from aiollm.proxy.keys import Holder, HolderId
from aiollm.proxy.keys.records import changed_holder, told_holder
from aiollm.proxy.request import Request
from aiollm.proxy.route import Route
from aiollm.types.shape import JSON

__all__ = ["OWNERS"]

_logger = logging.getLogger("aiollm.proxy")


class _Owners(msgspec.Struct, frozen=True):
    """The routes of teams, or of users."""

    kind: Literal["team", "user"]

    def routes(self) -> tuple[Route, ...]:
        """Return them."""
        return (
            Route("POST", (f"/{self.kind}/new",), "admin", self._new),
            Route("GET", (f"/{self.kind}/info",), "admin", self._info),
            Route("GET", (f"/{self.kind}/list",), "admin", self._list),
            Route("POST", (f"/{self.kind}/update",), "admin", self._update),
            Route("POST", (f"/{self.kind}/delete",), "admin", self._delete),
            Route("POST", (f"/{self.kind}/block",), "admin", self._block),
            Route("POST", (f"/{self.kind}/unblock",), "admin", self._unblock),
        )

    @property
    def _param(self) -> str:
        return f"{self.kind}_id"

    async def _new(self, gateway: Gateway, request: Request, caller: Caller) -> web.Response:
        body = await asked_body(gateway, request)
        now = time.time()
        blank = Holder(kind=self.kind, name=secrets.token_hex(8), created=now)
        holder = changed_holder(blank, body, now)
        await kept(gateway.spending.flush())
        if gateway.keyring.get(holder.id) is not None:
            raise refused(self._param, f"names a {self.kind} that there is already", f"{self.kind}_exists")
        await self._write(gateway, holder, "made")
        return answer(self._told(gateway, holder))

    async def _info(self, gateway: Gateway, request: Request, caller: Caller) -> web.Response:
        holder = self._found(gateway, request.query.get(self._param))
        keys = [key.name for key in self._keys(gateway, holder)]
        return answer({self._param: holder.name, f"{self.kind}_info": self._told(gateway, holder), "keys": keys})

    async def _list(self, gateway: Gateway, request: Request, caller: Caller) -> web.Response:
        holders = sorted(gateway.keyring.all(self.kind), key=lambda holder: holder.name)
        return answer([self._told(gateway, holder) for holder in holders])

    async def _update(self, gateway: Gateway, request: Request, caller: Caller) -> web.Response:
        body = await asked_body(gateway, request)
        holder = changed_holder(await self._newest(gateway, body), body, time.time())
        await self._write(gateway, holder, "changed")
        return answer(self._told(gateway, holder))

    async def _delete(self, gateway: Gateway, request: Request, caller: Caller) -> web.Response:
        """Take owners away. Those with keys stay: their keys would be held to nothing of theirs any more."""
        names: JSON = (await asked_body(gateway, request)).get(f"{self._param}s")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise refused(f"{self._param}s", f"must be given, as a list of {self.kind}s")
        await kept(gateway.spending.flush())
        holders = [self._found(gateway, name) for name in names]
        for holder in holders:
            if keys := self._keys(gateway, holder):
                raise BadRequestError(
                    f"the {self.kind} {holder.name} has {len(keys)} keys: delete or move them first",
                    param=f"{self._param}s",
                    code=f"{self.kind}_has_keys",
                    phase="request",
                )
        await written(gateway, gone=[holder.id for holder in holders])
        for holder in holders:
            _logger.info("%s %s is deleted", self.kind, holder.name)
        return answer({f"deleted_{self.kind}s": names})

    async def _block(self, gateway: Gateway, request: Request, caller: Caller) -> web.Response:
        return await self._set_blocked(gateway, request, blocked=True)

    async def _unblock(self, gateway: Gateway, request: Request, caller: Caller) -> web.Response:
        return await self._set_blocked(gateway, request, blocked=False)

    async def _set_blocked(self, gateway: Gateway, request: Request, *, blocked: bool) -> web.Response:
        holder = replace(await self._newest(gateway, await asked_body(gateway, request)), blocked=blocked)
        await self._write(gateway, holder, "blocked" if blocked else "no longer blocked")
        return answer(self._told(gateway, holder))

    async def _newest(self, gateway: Gateway, body: dict[str, Any]) -> Holder:
        """Return the record that a body names as the store has it now: another worker may just have changed it."""
        await kept(gateway.spending.flush())
        return self._found(gateway, text(body, self._param))

    async def _write(self, gateway: Gateway, holder: Holder, done: str) -> None:
        await written(gateway, [holder])
        _logger.info("%s %s is %s", self.kind, holder.name, done)

    def _found(self, gateway: Gateway, name: str | None) -> Holder:
        if not name:
            raise refused(self._param, "must be given")
        holder = gateway.keyring.get(HolderId(self.kind, name))
        if holder is None:
            raise missing(self.kind, self._param)
        return holder

    def _keys(self, gateway: Gateway, holder: Holder) -> list[Holder]:
        return [key for key in gateway.keyring.all("key") if getattr(key, self.kind) == holder.name]

    def _told(self, gateway: Gateway, holder: Holder) -> dict[str, Any]:
        return told_holder(holder, spent=gateway.admissions.spent(holder, time.time()))


OWNERS: tuple[Route, ...] = (*_Owners("team").routes(), *_Owners("user").routes())
