"""What the management's routes have in common: their bodies, query parameters and answers, and changes of holders."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from aiollm.exceptions import BadRequestError
from aiollm.integrations import web
from aiollm.outbound.frames import encode
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.body import read_body, refused
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.keys import Holder, HolderId
from aiollm.proxy.ledger import StoreUnavailable
from aiollm.proxy.request import Request
from aiollm.proxy.upload import read_upload

__all__ = ["answer", "asked_body", "asked_count", "asked_time", "kept", "missing", "written"]

T = TypeVar("T")

_MOST_ROWS = 1000


def answer(value: Any, headers: dict[str, str] | None = None) -> web.Response:
    """Return a value as JSON, which no cache may keep."""
    headers = {"cache-control": "no-store", **(headers or {})}
    return web.Response(body=encode(value), content_type="application/json", headers=headers)


async def asked_body(gateway: Gateway, request: Request) -> dict[str, Any]:
    """Return the object in a request's body.

    A browser sends JSON to another site only after it has asked that site: so no page can change anything here.

    Raises:
        BadRequestError: it is no JSON object, or not said to be one.
        Refusal: it is too long, or does not come.
    """
    if request.content_type != "application/json":
        raise BadRequestError("the body must be sent with `content-type: application/json`", phase="request")
    return read_body(await read_upload(gateway, request))


def asked_count(request: Request, name: str, default: int, *, least: int = 0, most: int = _MOST_ROWS) -> int:
    """Return a whole number of the query.

    Raises:
        BadRequestError: it is none, or out of bounds.
    """
    said = request.query.get(name)
    if said is None:
        return default
    if not (said.isascii() and said.isdecimal() and len(said) < 10) or not least <= int(said) <= most:
        raise refused(name, f"must be a whole number from {least} to {most}")
    return int(said)


def asked_time(request: Request, name: str) -> datetime | None:
    """Return a day or a time of the query, in UTC where it does not say; None where it is not given.

    Raises:
        BadRequestError: it is none.
    """
    said = request.query.get(name)
    if not said:
        return None
    try:
        read = datetime.fromisoformat(said)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refused(name, 'must be a day such as "2026-11-26", or a time such as "2026-11-26T12:00:00Z"') from None


async def kept(work: Awaitable[T]) -> T:
    """Return what the store says.

    Raises:
        Refusal: it cannot be reached.
    """
    try:
        return await work
    except StoreUnavailable:
        message = "the store cannot be reached: the gateway's log says why. What was asked for may have been done"
        raise Refusal(Failure(503, message, "store_unavailable", "server_error", None, True, 1.0)) from None


async def written(gateway: Gateway, holders: Sequence[Holder] = (), gone: Sequence[HolderId] = ()) -> None:
    """Write holders, and go on when this worker holds to what they say; others do within a second.

    Raises:
        Refusal: the store cannot be reached.
    """
    await kept(gateway.store.put(holders, gone))
    await kept(gateway.spending.flush())


def missing(what: str, param: str) -> Refusal:
    """Return the refusal for a name that nothing has."""
    return Refusal(Failure(404, f"there is no such {what}", f"{what}_not_found", "not_found_error", param))
