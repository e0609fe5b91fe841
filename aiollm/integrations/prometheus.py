"""Calls counted for Prometheus, under the names that dashboards made for LiteLLM's proxy ask for.

Extra `prometheus`. Where the variable `PROMETHEUS_MULTIPROC_DIR` names a folder before the first of them is made,
prometheus-client keeps its numbers there, and each of several processes tells those of all.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

import msgspec

from aiollm.engine.attempt import Attempt
from aiollm.providers.registry import PROCESS_ENVIRONMENT

__all__ = ["SHARED_FOLDER", "FinishedCall", "Gauge", "PrometheusMetrics"]

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

MOST_SERIES = 2_000
"""Callers name models, and providers errors: what comes after so many sets of labels is counted as "other"."""

MOST_UNCOUNTED = 256

_LATENCIES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)
_FIRST_TOKENS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

_NANO = 1_000_000_000


class FinishedCall(Protocol):
    """What is counted of a call. Times are in seconds, `cost` is in billionths of a US dollar."""

    @property
    def call(self) -> str: ...
    @property
    def key(self) -> str | None: ...
    @property
    def team(self) -> str | None: ...
    @property
    def user(self) -> str | None: ...
    @property
    def model(self) -> str: ...
    @property
    def served_model(self) -> str | None: ...
    @property
    def provider(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def code(self) -> str | None: ...
    @property
    def prompt_tokens(self) -> int: ...
    @property
    def completion_tokens(self) -> int: ...
    @property
    def cached_tokens(self) -> int: ...
    @property
    def cost(self) -> int: ...
    @property
    def started(self) -> float: ...
    @property
    def ended(self) -> float: ...
    @property
    def first_token(self) -> float | None: ...


class Gauge(msgspec.Struct, frozen=True):
    """Numbers as they are now: one for each set of labels."""

    name: str
    told: str
    values: Iterable[tuple[Mapping[str, str], float]]


class _Asked(NamedTuple):
    """Whose call it was, and what answered: the labels of what is counted by callers."""

    requested_model: str
    model: str
    api_provider: str
    hashed_api_key: str
    api_key_alias: str
    team: str
    user: str


class _Tried(NamedTuple):
    """Who was asked: the labels of what is counted by deployments."""

    litellm_model_name: str
    model_id: str
    api_provider: str


_ANSWERED = "complete"


def _ending(attempt: Attempt) -> str | None:
    """Return how an attempt ended: the class of its error, or that it was answered; None where it was left."""
    if attempt.ended == "failed":
        return type(attempt.error).__name__
    return _ANSWERED if attempt.ended == "complete" else None


_Ended = tuple[FinishedCall, tuple[Attempt, ...], str]
"""A call that has ended, the requests that it took, and the alias of its key."""


class _Tally(msgspec.Struct):
    """What is counted together: calls with the same labels."""

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost: int = 0
    latencies: list[float] = []
    first_tokens: list[float] = []

    def add(self, call: FinishedCall) -> None:
        self.calls += 1
        self.prompt_tokens += call.prompt_tokens
        self.cached_tokens += call.cached_tokens
        self.completion_tokens += call.completion_tokens
        self.cost += call.cost
        self.latencies.append(max(0.0, call.ended - call.started))
        if call.first_token is not None:
            self.first_tokens.append(call.first_token)


def _told(labels: Iterable[str | None]) -> Iterator[str]:
    """Return labels as the library takes them: what is not known is empty."""
    return (label or "" for label in labels)


class _Numbers:
    """The counters and histograms, as prometheus-client keeps them."""

    def __init__(self) -> None:
        # Late: a start would take some thirty milliseconds longer, and nobody asks for numbers that early.
        import prometheus_client
        import prometheus_client.core  # pyright: ignore[reportUnusedImport]  # read from `_library`
        import prometheus_client.multiprocess  # pyright: ignore[reportUnusedImport]  # read from `_library`
        import prometheus_client.values  # pyright: ignore[reportUnusedImport]  # read from `_library`

        self._library: Any = prometheus_client
        self._registry = prometheus_client.CollectorRegistry()
        self._shared: bool = self._library.values.ValueClass._multiprocess  # told by no public name
        self._known: set[tuple[str, ...]] = set()
        self._children: dict[tuple[Any, tuple[str, ...]], Any] = {}
        self._define()

    def _define(self) -> None:
        asked = _Asked._fields
        self._requests = self._counter(
            "litellm_proxy_total_requests_metric", "Calls that have ended", *asked, "route", "status"
        )
        self._failures = self._counter(
            "litellm_proxy_failed_requests_metric", "Calls that did not end well", *asked, "route", "status", "code"
        )
        self._spend = self._counter("litellm_spend_metric", "US dollars", *asked)
        self._input = self._counter("litellm_input_tokens_metric", "Tokens of prompts", *asked)
        self._cached = self._counter("litellm_input_cached_tokens_metric", "Of these, out of a cache", *asked)
        self._output = self._counter("litellm_output_tokens_metric", "Tokens of answers", *asked)
        self._total = self._counter("litellm_total_tokens_metric", "Tokens of prompts and answers", *asked)
        self._latency = self._histogram("litellm_request_total_latency_metric", "Seconds of whole calls", _LATENCIES)
        self._first_token = self._histogram(
            "litellm_llm_api_time_to_first_token_metric", "Seconds to the first content", _FIRST_TOKENS
        )
        tried = _Tried._fields
        self._attempts = self._counter("litellm_deployment_total_requests", "Requests to deployments", *tried)
        self._successes = self._counter("litellm_deployment_success_responses", "Of these, answered", *tried)
        self._faults = self._counter(
            "litellm_deployment_failure_responses", "Of these, failed", *tried, "exception_class"
        )

    def _counter(self, name: str, told: str, *labels: str) -> Any:
        return self._library.Counter(name, told, labels, registry=self._registry)

    def _histogram(self, name: str, told: str, buckets: tuple[float, ...]) -> Any:
        # Without who called: a series for each bucket of each key would be too many.
        return self._library.Histogram(name, told, _Asked._fields[:3], buckets=buckets, registry=self._registry)

    def count_calls(self, asked: _Asked, route: str, status: str, code: str, tally: _Tally) -> None:
        if not self._has_room((*asked, code)):
            asked, code = asked._replace(requested_model="other", model="other"), code and "other"
        self._child(self._requests, *asked, route, status).inc(tally.calls)
        if status != "success":
            self._child(self._failures, *asked, route, status, code).inc(tally.calls)
        amounts = (
            (self._input, tally.prompt_tokens),
            (self._cached, tally.cached_tokens),
            (self._output, tally.completion_tokens),
            (self._total, tally.prompt_tokens + tally.completion_tokens),
            (self._spend, tally.cost / _NANO),
        )
        for counter, amount in amounts:
            if amount:
                self._child(counter, *asked).inc(amount)
        for histogram, seconds in ((self._latency, tally.latencies), (self._first_token, tally.first_tokens)):
            if seconds:
                observe = self._child(histogram, *asked[:3]).observe
                for each in seconds:
                    observe(each)

    def _has_room(self, labels: tuple[str, ...]) -> bool:
        if labels not in self._known:
            if len(self._known) >= MOST_SERIES:
                return False
            self._known.add(labels)
        return True

    def _child(self, metric: Any, *labels: str) -> Any:
        """Return what counts for a set of labels; the library's own way to it takes several times as long."""
        child = self._children.get((metric, labels))
        if child is None:
            child = self._children[metric, labels] = metric.labels(*labels)
        return child

    def count_attempts(self, tried: _Tried, ending: str | None, count: int) -> None:
        if not self._has_room(tried):
            tried = tried._replace(litellm_model_name="other")
        self._child(self._attempts, *tried).inc(count)
        if ending == _ANSWERED:
            self._child(self._successes, *tried).inc(count)
        elif ending is not None:
            self._child(self._faults, *tried, ending).inc(count)

    def told(self, gauges: Iterable[Gauge]) -> tuple[bytes, str]:
        """Return all numbers in Prometheus' text format, and its content type."""
        library = self._library
        registry = library.CollectorRegistry()
        if self._shared:
            library.multiprocess.MultiProcessCollector(registry)
        else:
            registry.register(self._registry)
        registry.register(_Gauges(library, gauges))
        return library.generate_latest(registry), library.CONTENT_TYPE_LATEST


class _Gauges(msgspec.Struct, frozen=True, eq=False):
    """A collector of what is measured when it is asked for."""

    library: Any
    gauges: Iterable[Gauge]

    def collect(self) -> Iterable[Any]:
        for gauge in self.gauges:
            family = None
            for labels, value in gauge.values:
                family = family or self.library.core.GaugeMetricFamily(gauge.name, gauge.told, labels=[*labels])
                family.add_metric([*labels.values()], value)
            if family is not None:
                yield family


class PrometheusMetrics:
    """Counters and histograms of calls. It may be used from several threads.

    Attributes:
        shared: whether other processes tell these numbers too; they know of calls that were counted by `count` only.

    Raises:
        ImportError: prometheus-client is not installed.
    """

    def __init__(self) -> None:
        if find_spec("prometheus_client") is None:
            raise ImportError("metrics need prometheus-client: pip install 'aiollm[prometheus]'")
        self.shared: bool = PROCESS_ENVIRONMENT.get(SHARED_FOLDER) is not None
        self._uncounted: deque[_Ended] = deque()  # threads share it; each access is one atomic operation
        self._made: list[_Numbers] = []

    def load(self) -> None:
        """Load the library, which takes some thirty milliseconds: services do it in a thread, before it is needed."""
        if not self._made:
            self._made.append(_Numbers())

    @property
    def _numbers(self) -> _Numbers:
        """The numbers, made when they are first needed; of two threads that make them at once the first wins."""
        self.load()
        return self._made[0]

    def ended(self, call: FinishedCall, attempts: Iterable[Attempt] = (), *, key_alias: str | None = None) -> None:
        """Take note of a call that has ended.

        Calls are counted together, at the latest before the numbers are told here: a counter of the library takes a
        lock for each addition, and a call is some ten of them.

        Args:
            call: the call.
            attempts: the requests that it took.
            key_alias: what people call the caller's key.
        """
        self._uncounted.append((call, tuple(attempts), key_alias or ""))
        if len(self._uncounted) >= MOST_UNCOUNTED:
            self.count()

    def count(self) -> None:
        """Count the calls that have ended until now."""
        tallies: dict[tuple[str | None, ...], _Tally] = {}
        tries: defaultdict[tuple[str | None, ...], int] = defaultdict(int)
        for call, attempts, alias in self._taken():
            whose = call.model, call.served_model, call.provider, call.key, alias, call.team, call.user
            group = *whose, call.call, call.status, call.code
            tally = tallies.get(group)
            if tally is None:
                tally = tallies[group] = _Tally()
            tally.add(call)
            for attempt in attempts:
                tries[attempt.model, attempt.deployment, attempt.provider, _ending(attempt)] += 1
        numbers = self._numbers
        for whole, tally in tallies.items():
            *asked, route, status, code = _told(whole)
            numbers.count_calls(_Asked(*asked), route, status, code, tally)
        for (*labels, ending), count in tries.items():
            numbers.count_attempts(_Tried(*_told(labels)), ending, count)

    def _taken(self) -> Iterator[_Ended]:
        try:
            while True:
                yield self._uncounted.popleft()
        except IndexError:  # none is left
            return

    def render(self, gauges: Iterable[Gauge] = ()) -> tuple[bytes, str]:
        """Return all numbers in Prometheus' text format, and its content type.

        Args:
            gauges: what is to be told with them.
        """
        self.count()
        return self._numbers.told(gauges)
