"""Whether the gateway is alive, whether it takes calls, and its metrics."""

from __future__ import annotations

from aiollm.integrations import web
from aiollm.outbound.frames import encode
from aiollm.proxy import ledger
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.metrics import gauges
from aiollm.proxy.request import Request
from aiollm.proxy.route import Route

__all__ = ["HEALTH"]


async def _alive(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    """Tell that the process answers; while it drains, too: who restarts it then would cut its streams."""
    return _told(200, "I'm alive!")


async def _ready(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    """Tell whether calls are taken. Without its store the gateway takes them, as long as it can keep what they cost."""
    store = "connected" if gateway.spending.fault is None else "not connected"
    ready = gateway.accepting and not gateway.spending.full
    word = "healthy" if ready else "draining" if not gateway.accepting else "no room to note spend"
    told = {"status": word, "db": store}
    if gateway.shared_limits is not None:
        told |= _redis(gateway.shared_limits)
    return _told(200 if ready else 503, told)


def _redis(limits: ledger.SharedLimits) -> dict[str, str]:
    """Tell whether limits are shared, and what becomes of calls where they cannot be; never where the server is."""
    if limits.failure is None:
        return {"redis": "connected", "limits": "shared"}
    return {"redis": "not connected", "limits": limits.on_failure}


async def _metrics(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    if gateway.metrics is None:
        message = "metrics need prometheus-client: pip install 'aiollm[prometheus]', and start the gateway again"
        raise Refusal(Failure(501, message, "metrics_not_installed", "server_error"))
    body, kind = gateway.metrics.render(gauges(gateway))
    return web.Response(body=body, headers={"content-type": kind, "cache-control": "no-store"})


def _told(status: int, value: object) -> web.Response:
    return web.Response(
        status=status, body=encode(value), content_type="application/json", headers={"cache-control": "no-store"}
    )


HEALTH: tuple[Route, ...] = (
    Route("GET", ("/health/liveliness", "/health/liveness"), "public", _alive),
    Route("GET", ("/health/readiness",), "public", _ready),
    Route("GET", ("/metrics",), "metrics", _metrics),
)
