"""What the gateway tells Prometheus of beside its calls: how things are at the moment of asking."""

from __future__ import annotations

import time
from collections.abc import Iterator

from aiollm.integrations.prometheus import Gauge
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.ledger.row import dollars

__all__ = ["gauges"]

_HEALTHY, _LEFT_ALONE = 0.0, 2.0  # as LiteLLM numbers them


def gauges(gateway: Gateway) -> Iterator[Gauge]:
    """Return what is told of this worker, its deployments, and budgets."""
    yield Gauge("litellm_in_flight_requests", "Calls that are being answered", [({}, len(gateway.live))])
    yield Gauge("aiollm_unwritten_spend_rows", "Calls that no store has yet", [({}, gateway.spending.pending)])
    down = float(gateway.spending.fault is not None)
    yield Gauge("aiollm_store_unavailable", "1 while the store cannot be reached", [({}, down)])
    if gateway.shared_limits is not None:
        down = float(gateway.shared_limits.failure is not None)
        yield Gauge("aiollm_redis_unavailable", "1 while limits cannot be shared, for want of Redis", [({}, down)])
    states = [
        ({"model_id": id, "requested_model": seen.group}, _LEFT_ALONE if seen.left_alone else _HEALTHY)
        for id, seen in gateway.router.stats().items()
    ]
    yield Gauge("litellm_deployment_state", "0: asked; 2: left alone after failures", states)
    yield from _budgets(gateway)


def _budgets(gateway: Gateway) -> Iterator[Gauge]:
    now = time.time()
    for kind, name in (("key", "api_key"), ("team", "team"), ("user", "user")):
        yield Gauge(
            f"litellm_remaining_{name}_budget_metric",
            "US dollars that are left in the present period",
            [
                (
                    {"hashed_api_key" if kind == "key" else kind: holder.name, f"{name}_alias": holder.alias or ""},
                    dollars(holder.budget - gateway.admissions.spent(holder, now)),
                )
                for holder in gateway.keyring.all(kind)
                if holder.budget is not None
            ],
        )
