"""Alive, ready, and measured."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from aiollm.proxy.ledger import StoreUnavailable
from tests.proxy.admin.gateways import CONFIG, MASTER, Asking, asking
from tests.proxy.ledger.rows import row
from tests.proxy.serving import MASTER as SERVED_MASTER
from tests.proxy.serving import Proxy


async def scraped(ask: Asking, key: str | None = MASTER) -> dict[str, dict[str, float]]:
    """Return what Prometheus reads: numbers by the metric and the values of its labels, in their names' order."""
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    async with ask.session.get("/metrics", headers=headers) as reply:
        assert reply.status == 200
        read: dict[str, dict[str, float]] = {}
        for family in text_string_to_metric_families(await reply.text()):
            for sample in family.samples:
                read.setdefault(sample.name, {})[" ".join(filter(None, sample.labels.values()))] = sample.value
        return read


async def test_it_is_alive_even_while_it_ends(ask: Asking) -> None:
    ask.gateway.accepting = False
    for path in ("/health/liveliness", "/health/liveness"):
        assert await ask("GET", path, key=None) == (200, "I'm alive!")


async def test_it_is_ready_until_it_ends(ask: Asking) -> None:
    assert await ask("GET", "/health/readiness", key=None) == (200, {"status": "healthy", "db": "connected"})
    ask.gateway.accepting = False
    assert await ask("GET", "/health/readiness", key=None) == (503, {"status": "draining", "db": "connected"})


async def test_it_is_ready_without_its_store(ask: Asking) -> None:
    """Spend waits, and nobody is told where the store should be."""
    ask.gateway.spending.fault = str(StoreUnavailable("postgresql://secret.invalid"))
    assert await ask("GET", "/health/readiness", key=None) == (200, {"status": "healthy", "db": "not connected"})


async def test_calls_deployments_and_budgets_are_measured(ask: Asking) -> None:
    made = await ask.made(key_alias="ci", max_budget=3)
    ask.gateway.note(
        row("a", key=made["token"], provider="openai", served_model="gpt-4o", cost=500_000_000), key_alias="ci"
    )
    ask.gateway.note(row("b", key=made["token"], status="truncated", code="upstream_truncated"), key_alias="ci")
    numbers = await scraped(ask)
    labels = f"ci openai {made['token']} gpt-4o m"
    assert numbers["litellm_proxy_total_requests_metric_total"][f"{labels} chat success"] == 1
    assert numbers["litellm_proxy_failed_requests_metric_total"] == {
        f"ci upstream_truncated {made['token']} m chat truncated": 1
    }
    assert numbers["litellm_spend_metric_total"][labels] == 0.5
    assert numbers["litellm_deployment_state"] == {"one small": 0, "two large": 0, "any groq/*": 0}
    assert numbers["litellm_remaining_api_key_budget_metric"] == {f"ci {made['token']}": 3}
    assert (numbers["litellm_in_flight_requests"], numbers["aiollm_unwritten_spend_rows"]) == ({"": 0}, {"": 2})
    assert made["key"] not in str(numbers)


async def test_a_call_is_counted_with_the_requests_that_it_took(proxy: Proxy) -> None:
    async with proxy.chat() as reply:
        assert reply.status == 200
    headers = {"authorization": f"Bearer {SERVED_MASTER}"}
    async with proxy.client.get(f"{proxy.url}/metrics", headers=headers) as reply:
        told = await reply.text()
    labels = '{api_provider="openai",litellm_model_name="gpt-4o-mini",model_id="first"}'
    assert f"litellm_deployment_success_responses_total{labels} 1.0" in told
    assert 'requested_model="fast",route="chat",status="success"' in told
    assert "sk-upstream-canary" not in told


async def test_metrics_are_for_operators_and_for_keys_that_name_them(ask: Asking) -> None:
    plain, named = await ask.made(), await ask.made(allowed_routes=["/metrics"])
    assert [(await ask("GET", "/metrics", key=key))[0] for key in (None, plain["key"])] == [401, 403]
    assert await scraped(ask, named["key"])


async def test_metrics_may_be_for_everybody(tmp_path: Path) -> None:
    config = CONFIG + "litellm_settings: {require_auth_for_metrics_endpoint: false}\n"
    async with asking(tmp_path, config) as ask:
        assert await scraped(ask, None)


async def test_without_the_library_the_metrics_say_what_to_install(ask: Asking) -> None:
    ask.gateway.metrics = None
    status, error = await ask("GET", "/metrics")
    assert (status, error["error"]["code"]) == (501, "metrics_not_installed")
    assert "aiollm[prometheus]" in error["error"]["message"]
