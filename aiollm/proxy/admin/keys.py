"""Virtual keys by HTTP, as LiteLLM's clients ask for them. A key is told once, when it is made."""

from __future__ import annotations

import logging
import math
import time
from typing import Any

from msgspec.structs import replace

from aiollm.integrations import web
from aiollm.proxy.admin.asking import answer, asked_body, asked_count, kept, missing, written
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.body import refused, text
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.keys import Holder, HolderId, digest_of, digest_said, new_key, shown
from aiollm.proxy.keys.records import changed_holder, told_holder
from aiollm.proxy.request import Request
from aiollm.proxy.route import Route
from aiollm.types.secret import HiddenText
from aiollm.types.shape import JSON

__all__ = ["KEYS", "delete_keys", "make_key"]

_logger = logging.getLogger("aiollm.proxy")


async def make_key(gateway: Gateway, body: dict[str, Any]) -> tuple[HiddenText, Holder]:
    """Make a key with what a body says of it, and return it with its record.

    Raises:
        BadRequestError, Refusal: the body is wrong, or the store cannot be reached.
    """
    if body.get("key") is not None:
        raise refused("key", "cannot be chosen: keys are made here, of 256 random bits")
    now = time.time()
    key = new_key()
    blank = Holder(kind="key", name=digest_of(key), shown=shown(key), created=now)
    holder = _checked(gateway, changed_holder(blank, body, now))
    await written(gateway, [holder])
    _logger.info("key %s is made", holder.shown)
    return key, holder


async def delete_keys(gateway: Gateway, holders: list[Holder]) -> None:
    """Take keys away.

    Raises:
        Refusal: the store cannot be reached.
    """
    await written(gateway, gone=[holder.id for holder in holders])
    for holder in holders:
        _logger.info("key %s is deleted", holder.shown)


async def _generate(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    key, holder = await make_key(gateway, await asked_body(gateway, request))
    return answer({"key": str(key), **told_holder(holder, spent=0)})


async def _info(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    """Tell of a key; who has no master key is told of its own."""
    asked, own = request.query.get("key"), caller.identity.key
    if asked is None:
        if own is None:
            raise refused("key", "must be given: the key, or its hash")
        holder = own
    elif caller.is_admin:
        holder = _found(gateway, asked)
    elif own is not None and digest_said(asked) == own.name:
        holder = own
    else:
        message = "a key can be asked about itself only; the master key about all"
        raise Refusal(Failure(403, message, "admin_only", "permission_error", "key"))
    return answer({"key": holder.name, "info": _told(gateway, holder)})


async def _list(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    wanted = {member: request.query.get(name) for name, member in _FILTERS.items()}
    found = [
        holder
        for holder in gateway.keyring.all("key")
        if all(said is None or getattr(holder, member) == said for member, said in wanted.items())
    ]
    found.sort(key=lambda holder: (-holder.created, holder.name))
    page = asked_count(request, "page", 1, least=1, most=10**6)
    size = asked_count(request, "size", 100, least=1)
    part = found[(page - 1) * size : page * size]
    whole = request.query.get("return_full_object", "").lower() == "true"
    return answer(
        {
            "keys": [_told(gateway, holder) if whole else holder.name for holder in part],
            "total_count": len(found),
            "current_page": page,
            "total_pages": math.ceil(len(found) / size),
        }
    )


async def _update(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    body = await asked_body(gateway, request)
    before = await _newest(gateway, _asked_key(body))
    holder = _checked(gateway, changed_holder(before, body, time.time()))
    await written(gateway, [holder])
    _logger.info("key %s is changed", holder.shown)
    return answer({"key": holder.name, **_told(gateway, holder)})


async def _delete(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    body = await asked_body(gateway, request)
    asked, aliases = _texts(body, "keys"), _texts(body, "key_aliases")
    if not asked and not aliases:
        raise refused("keys", "or key_aliases must name what is to be deleted")
    holders = {holder.name: holder for holder in (_found(gateway, key) for key in asked)}
    for alias in aliases:
        named = [holder for holder in gateway.keyring.all("key") if holder.alias == alias]
        if not named:
            raise missing("key", "key_aliases")
        holders.update((holder.name, holder) for holder in named)
    await delete_keys(gateway, [*holders.values()])
    return answer({"deleted_keys": [*holders]})


async def _block(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    return await _set_blocked(gateway, request, blocked=True)


async def _unblock(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    return await _set_blocked(gateway, request, blocked=False)


async def _set_blocked(gateway: Gateway, request: Request, *, blocked: bool) -> web.Response:
    holder = replace(await _newest(gateway, _asked_key(await asked_body(gateway, request))), blocked=blocked)
    await written(gateway, [holder])
    _logger.info("key %s is %s", holder.shown, "blocked" if blocked else "no longer blocked")
    return answer(_told(gateway, holder))


async def _regenerate(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    """Put a new key in the place of one: with its rights and limits, and what it has spent of its budget."""
    body = await asked_body(gateway, request) if request.can_read_body else {}
    before = await _newest(gateway, request.named.get("key") or _asked_key(body))
    key = new_key()
    renamed = replace(before, name=digest_of(key), shown=shown(key))
    holder = _checked(gateway, changed_holder(renamed, body, time.time()))
    await kept(gateway.store.rename(before.id, holder))
    await kept(gateway.spending.flush())
    _logger.info("key %s stands in the place of %s", holder.shown, before.shown)
    return answer({"key": str(key), **_told(gateway, holder)})


def _told(gateway: Gateway, holder: Holder) -> dict[str, Any]:
    return told_holder(holder, spent=gateway.admissions.spent(holder, time.time()))


def _asked_key(body: dict[str, Any]) -> str:
    key = text(body, "key")
    if not key:
        raise refused("key", "must be given: the key, or its hash")
    return key


def _texts(body: dict[str, Any], name: str) -> list[str]:
    given: JSON = body.get(name) or []
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise refused(name, "must be a list of texts")
    return given


def _found(gateway: Gateway, key: str) -> Holder:
    holder = gateway.keyring.get(HolderId("key", digest_said(key)))
    if holder is None:
        raise missing("key", "key")
    return holder


async def _newest(gateway: Gateway, key: str) -> Holder:
    """Return a key's record as the store has it now: another worker may just have changed it."""
    await kept(gateway.spending.flush())
    return _found(gateway, key)


def _checked(gateway: Gateway, holder: Holder) -> Holder:
    """Return a key's record. A team that is not known would hold nobody to its limits."""
    if holder.team is not None and gateway.keyring.get(HolderId("team", holder.team)) is None:
        raise refused("team_id", "names no team: make it with /team/new first", "team_not_found")
    return holder


_FILTERS = {"key_alias": "alias", "team_id": "team", "user_id": "user"}

KEYS: tuple[Route, ...] = (
    Route("POST", ("/key/generate",), "admin", _generate),
    Route("GET", ("/key/info",), "call", _info),
    Route("GET", ("/key/list",), "admin", _list),
    Route("POST", ("/key/update",), "admin", _update),
    Route("POST", ("/key/delete",), "admin", _delete),
    Route("POST", ("/key/block",), "admin", _block),
    Route("POST", ("/key/unblock",), "admin", _unblock),
    Route("POST", ("/key/regenerate", "/key/{key}/regenerate"), "admin", _regenerate),
)
