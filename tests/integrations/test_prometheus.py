"""Calls as Prometheus reads them."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aiollm.engine.attempt import Attempt
from aiollm.exceptions import RateLimitError
from aiollm.integrations import prometheus
from aiollm.integrations.prometheus import Gauge, PrometheusMetrics
from tests.programs import python
from tests.proxy.ledger.rows import row


def samples(text: str) -> dict[str, float]:
    """Return every number by its name and the labels that are not empty, in the order of the labels' names."""
    return {
        " ".join([sample.name, *filter(None, sample.labels.values())]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(metrics: PrometheusMetrics, *gauges: Gauge) -> dict[str, float]:
    body, kind = metrics.render(gauges)
    assert kind.startswith("text/plain")
    return samples(body.decode())


def test_a_call_is_counted_with_its_tokens_its_price_and_its_times() -> None:
    metrics = PrometheusMetrics()
    metrics.ended(row("a", cached_tokens=4, cost=2_000_000_000, first_token=0.3, team="t"), key_alias="ci")
    numbers = read(metrics)
    assert {name: value for name, value in numbers.items() if "_created" not in name and "_bucket" not in name} == {
        "litellm_proxy_total_requests_metric_total ci k m chat success t": 1,
        "litellm_spend_metric_total ci k m t": 2,
        "litellm_input_tokens_metric_total ci k m t": 10,
        "litellm_input_cached_tokens_metric_total ci k m t": 4,
        "litellm_output_tokens_metric_total ci k m t": 5,
        "litellm_total_tokens_metric_total ci k m t": 15,
        "litellm_request_total_latency_metric_count m": 1,
        "litellm_request_total_latency_metric_sum m": 1,
        "litellm_llm_api_time_to_first_token_metric_count m": 1,
        "litellm_llm_api_time_to_first_token_metric_sum m": 0.3,
    }
    assert numbers["litellm_llm_api_time_to_first_token_metric_bucket 0.25 m"] == 0
    assert numbers["litellm_llm_api_time_to_first_token_metric_bucket 0.5 m"] == 1


def test_attempts_are_counted_by_their_deployments() -> None:
    failed = Attempt(1, "first", "openai", "gpt-4o", "one", 0.0, "failed", RateLimitError("slow down"))
    left, answered = (
        Attempt(2, "hedge", "openai", "gpt-4o", "one", 0.0, "closed"),
        Attempt(3, "retry", "azure", "gpt", "two", 0.1, "complete"),
    )
    metrics = PrometheusMetrics()
    metrics.ended(row("a"), [failed, left, answered])
    numbers = {name: value for name, value in read(metrics).items() if "deployment" in name and "_created" not in name}
    assert numbers == {
        "litellm_deployment_total_requests_total openai gpt-4o one": 2,
        "litellm_deployment_total_requests_total azure gpt two": 1,
        "litellm_deployment_failure_responses_total openai RateLimitError gpt-4o one": 1,
        "litellm_deployment_success_responses_total azure gpt two": 1,
    }


def test_names_that_callers_make_up_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "MOST_SERIES", 3)
    metrics = PrometheusMetrics()
    for number in range(10):
        metrics.ended(row(str(number), model=f"made-up-{number}"))
    numbers = read(metrics)
    assert numbers["litellm_proxy_total_requests_metric_total k other other chat success"] == 7
    assert len([name for name in numbers if name.startswith("litellm_proxy_total_requests_metric_total")]) == 4


def test_models_behind_a_pattern_and_codes_of_providers_do_not_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "MOST_SERIES", 3)
    metrics = PrometheusMetrics()
    for number in range(10):
        tried = Attempt(1, "first", "groq", f"made-up-{number}", "any", 0.0, "complete")
        metrics.ended(row(str(number), status="failure", code=f"made-up-{number}"), [tried])
    names = [name for name in read(metrics) if "made-up" in name and "_created" not in name]
    assert len([name for name in names if name.startswith("litellm_proxy_failed")]) <= 3
    assert len([name for name in names if name.startswith("litellm_deployment_total")]) <= 3


def test_what_is_measured_when_it_is_asked_for_is_told_beside() -> None:
    gauge = Gauge("aiollm_depth", "How deep", [({"where": "here"}, 1.5), ({"where": "there"}, 2.0)])
    numbers = read(PrometheusMetrics(), gauge, Gauge("aiollm_nothing", "Of nobody", []))
    assert numbers == {"aiollm_depth here": 1.5, "aiollm_depth there": 2.0}


def test_two_registries_do_not_share_numbers() -> None:
    first, second = PrometheusMetrics(), PrometheusMetrics()
    first.ended(row("a"))
    assert read(first)
    assert not read(second)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ImportError, match=r"pip install 'aiollm\[prometheus\]'"):
        PrometheusMetrics()


SCRAPED = """
    import os
    from aiollm.integrations.prometheus import PrometheusMetrics
    from tests.proxy.ledger.rows import row

    metrics = PrometheusMetrics()
    child = os.fork()
    metrics.ended(row("a"))
    metrics.count()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    print(metrics.render()[0].decode())
"""


def test_several_processes_tell_the_numbers_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    printed = python("-c", textwrap.dedent(SCRAPED))
    assert samples(printed.stdout)["litellm_proxy_total_requests_metric_total k m chat success"] == 2, printed.stderr
    assert [*os.scandir(tmp_path)]
