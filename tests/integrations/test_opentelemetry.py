"""Calls as spans and metrics, read back from OpenTelemetry's own exporters."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from opentelemetry.trace import SpanKind, StatusCode

import aiollm
from aiollm import Client, Retry
from aiollm.integrations.genai_conventions import CONVENTIONS, Version
from aiollm.integrations.opentelemetry import _PARAMETERS, OpenTelemetry
from aiollm.testing import ProviderServer, cut, embeddings, role, stall, status, tokens
from tests.engine.calling import KEY, MESSAGES, arguments, collected

COUNTS = {
    "prompt_tokens": 30,
    "completion_tokens": 12,
    "total_tokens": 42,
    "prompt_tokens_details": {"cached_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 5},
}
CURRENT = CONVENTIONS["1.40"]
WITH_USAGE: Any = {"stream_options": {"include_usage": True}}


class Telemetry:
    """Providers of OpenTelemetry that keep everything, and a client that tells them."""

    def __init__(self, **options: Any) -> None:
        self._exporter, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.hook = OpenTelemetry(tracer_provider=self.tracers, meter_provider=meters, **options)
        self.client = Client(hooks=[self.hook], retry=Retry(shortest_wait=0.001))

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    @property
    def span(self) -> ReadableSpan:
        (span,) = self.spans
        return span

    @property
    def points(self) -> dict[str, list[Any]]:
        """The data points of each metric."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        (resource,) = data.resource_metrics
        return {metric.name: list(metric.data.data_points) for metric in resource.scope_metrics[0].metrics}


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        running.reply("so it is", usage=COUNTS)
        yield running


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


async def test_a_stream_is_a_span(server: ProviderServer, telemetry: Telemetry) -> None:
    given: Any = {"temperature": 0.5, "max_tokens": 9, "stop": "x", "n": 1, **WITH_USAGE}
    stream = await telemetry.client.acompletion(**arguments(server, stream=True, **given))
    assert telemetry.spans == ()
    await collected(stream)
    span = telemetry.span
    told = dict(span.attributes or {})
    first = told.pop("gen_ai.response.time_to_first_chunk")
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "scripted",
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ("x",),
        "gen_ai.response.id": "chatcmpl-scripted-0",
        "gen_ai.response.model": "scripted",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 30,
        "gen_ai.usage.output_tokens": 12,
        "gen_ai.usage.cache_read.input_tokens": 20,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "server.address": "127.0.0.1",
        "server.port": int(server.base_url.split(":")[2].split("/")[0]),
    }
    assert (span.name, span.kind, span.status.status_code) == ("chat scripted", SpanKind.CLIENT, StatusCode.UNSET)
    lasted = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
    assert 0 < first < lasted


async def test_a_stream_is_counted(server: ProviderServer, telemetry: Telemetry) -> None:
    await collected(await telemetry.client.acompletion(**arguments(server, stream=True, **WITH_USAGE)))
    points = telemetry.points
    (duration,), (first,) = points[CURRENT.duration], points[str(CURRENT.first_chunk)]
    assert 0 < first.sum < duration.sum
    assert duration.explicit_bounds[:2] == (0.01, 0.02)
    kinds = {point.attributes["gen_ai.token.type"]: point.sum for point in points[CURRENT.tokens]}
    assert kinds == {"input": 30, "output": 12}
    assert duration.attributes["gen_ai.response.model"] == "scripted"


async def test_a_span_begins_in_the_context_of_the_call(server: ProviderServer, telemetry: Telemetry) -> None:
    with telemetry.tracers.get_tracer("app").start_as_current_span("request") as around:
        await telemetry.client.acompletion(**arguments(server))
    inner, outer = telemetry.spans
    assert inner.parent is not None
    assert (inner.parent.span_id, outer.name) == (around.get_span_context().span_id, "request")


async def test_each_attempt_that_failed_is_an_event(server: ProviderServer, telemetry: Telemetry) -> None:
    server.enqueue(status(503))
    await telemetry.client.acompletion(**arguments(server, num_retries=1))
    (event,) = telemetry.span.events
    assert event.name == "gen_ai.attempt.failed"
    assert dict(event.attributes or {}) == {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "scripted",
        "error.type": "ServiceUnavailableError",
        "http.response.status_code": 503,
    }
    assert telemetry.span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("script", "error", "code"),
    [
        (status(429), "RateLimitError", StatusCode.ERROR),
        ([role(), tokens("so far"), cut()], "StreamInterrupted", StatusCode.ERROR),
        ([role(), tokens("so far"), stall(heartbeat=0.5)], "abandoned", StatusCode.UNSET),
    ],
)
async def test_an_ending_that_is_none_has_its_error_type(
    server: ProviderServer, telemetry: Telemetry, script: Any, error: str, code: StatusCode
) -> None:
    server.script(script)
    try:
        async for _ in await telemetry.client.acompletion(**arguments(server, stream=True)):
            if error == "abandoned":
                break
    except aiollm.APIError:
        pass
    span = telemetry.span
    assert ((span.attributes or {})["error.type"], span.status.status_code) == (error, code)
    (duration,) = telemetry.points[CURRENT.duration]
    assert duration.attributes["error.type"] == error


async def test_an_answer_from_the_cache_counts_no_tokens(server: ProviderServer, telemetry: Telemetry) -> None:
    client = Client(hooks=[telemetry.hook], cache=aiollm.Cache(aiollm.MemoryStore()))
    for _ in range(2):
        await client.acompletion(**arguments(server))
    assert len(telemetry.spans) == 2
    assert sum(point.count for point in telemetry.points[CURRENT.tokens]) == 2  # of one call: input and output


async def test_embeddings_and_responses_are_told_of(server: ProviderServer, telemetry: Telemetry) -> None:
    server.enqueue(embeddings([1.0], tokens=4))
    place: Any = {"api_base": server.base_url, "api_key": KEY}
    await telemetry.client.aembedding("openai/vectors", "a", **place)
    await telemetry.client.aresponses("a", "openai/scripted", **place)
    assert [span.name for span in telemetry.spans] == ["embeddings vectors", "chat scripted"]
    assert (telemetry.spans[0].attributes or {})["gen_ai.usage.input_tokens"] == 4


# -- content


async def test_content_is_not_recorded(server: ProviderServer, telemetry: Telemetry) -> None:
    await telemetry.client.acompletion(**arguments(server))
    told = telemetry.span.to_json()
    assert MESSAGES[0]["content"] not in told
    assert "so it is" not in told


async def test_content_is_recorded_where_that_is_said(server: ProviderServer) -> None:
    telemetry = Telemetry(content=True)
    image = {"type": "image_url", "image_url": {"url": "u"}}
    called = [{"id": "c", "type": "function", "function": {"name": "now", "arguments": "{}"}}]
    messages: Any = [
        {"role": "user", "content": [{"type": "text", "text": "When?"}, image]},
        {"role": "assistant", "content": None, "tool_calls": called},
        {"role": "tool", "tool_call_id": "c", "content": "noon"},
    ]
    await telemetry.client.acompletion(**arguments(server, messages=messages))
    told = telemetry.span.attributes or {}
    assert json.loads(str(told["gen_ai.input.messages"])) == [
        {"role": "user", "parts": [{"type": "text", "content": "When?"}, image]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "now", "arguments": "{}"}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "result": "noon"}]},
    ]
    assert json.loads(str(told["gen_ai.output.messages"])) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "so it is"}], "finish_reason": "stop"}
    ]


async def test_content_of_responses_and_embeddings_is_recorded_too(server: ProviderServer) -> None:
    telemetry = Telemetry(content=True)
    server.enqueue(embeddings([1.0], [2.0]))
    place: Any = {"api_base": server.base_url, "api_key": KEY}
    await telemetry.client.aembedding("openai/vectors", ["a", "b"], **place)
    await telemetry.client.aresponses("why", "openai/scripted", **place)
    vectors, response = (span.attributes or {} for span in telemetry.spans)
    assert [part["parts"][0]["content"] for part in json.loads(str(vectors["gen_ai.input.messages"]))] == ["a", "b"]
    assert json.loads(str(response["gen_ai.input.messages"]))[0]["parts"] == [{"type": "text", "content": "why"}]
    assert json.loads(str(response["gen_ai.output.messages"]))[0]["parts"] == [{"type": "text", "content": "so it is"}]


# -- versions


async def test_the_old_names(server: ProviderServer) -> None:
    telemetry = Telemetry(version="1.36")
    await collected(await telemetry.client.acompletion(**arguments(server, stream=True, **WITH_USAGE)))
    told = telemetry.span.attributes or {}
    assert told["gen_ai.system"] == "openai"
    assert not [name for name in told if "provider" in name or "stream" in name or "cache" in name]
    assert {*telemetry.points} == {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}


@pytest.mark.parametrize("version", CONVENTIONS)
def test_the_names_are_those_of_the_released_package(version: Version) -> None:
    """The second source, beside the conventions' pages. It keeps the names that were given up since."""
    names = CONVENTIONS[version]
    attributes = {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI_")}
    metrics = {value for name, value in vars(gen_ai_metrics).items() if name.startswith("GEN_AI_")}
    assert {names.duration, names.first_chunk or names.duration, names.tokens} <= metrics
    assert {names.provider, *names.usage_attributes.values(), *_PARAMETERS.values()} <= attributes
    known = {value.value for value in gen_ai_attributes.GenAiProviderNameValues}
    assert {*names.providers.values()} <= known


def test_there_is_no_other_version() -> None:
    with pytest.raises(ValueError, match=r"1\.36, 1\.40; got '1\.41'"):
        OpenTelemetry(version="1.41")  # type: ignore[arg-type]


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    build: Callable[[], Any] = OpenTelemetry
    with pytest.raises(ImportError, match=r"aiollm\[otel\]"):
        build()
