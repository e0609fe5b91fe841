"""Calls as spans and metrics of OpenTelemetry, by its conventions for generative AI. Extra `otel`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args
from urllib.parse import urlsplit

import msgspec

from aiollm.engine.attempt import Attempt
from aiollm.hooks.events import AttemptFailed, CallEnded, CallFacts, CallStarted, Event
from aiollm.integrations.genai_conventions import CONVENTIONS, SECONDS_BUCKETS, TOKENS_BUCKETS, Version
from aiollm.types.shape import EMPTY, is_mapping
from aiollm.types.usage import Usage

__all__ = ["OpenTelemetry"]

_OPERATIONS = {"chat": "chat", "responses": "chat", "embeddings": "embeddings"}
_PORTS = {"http": 80, "https": 443}
_NANO = 1_000_000_000

# OpenAI's parameter -> the attribute of a span.
_PARAMETERS = {
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "max_tokens": "gen_ai.request.max_tokens",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "temperature": "gen_ai.request.temperature",
    "top_k": "gen_ai.request.top_k",
    "top_p": "gen_ai.request.top_p",
}

ABANDONED = "abandoned"
"""The `error.type` of a call whose reader left it, or was cancelled, before its end."""


class OpenTelemetry:
    """A hook that tells of each call as a span, and counts it: `Client(hooks=[OpenTelemetry()])`.

    A span is named "{operation} {model}", begins in the context of the call, and lasts until its answer has ended, all
    attempts included; each attempt that failed is an event of it. An error's `error.type` is its class; that of a call
    that was left is "abandoned". What was asked and answered is not recorded, unless that is said. The time of each
    chunk is not either: that needs a measurement for each.

    Args:
        version: of the conventions: "1.36" (the last with `gen_ai.system`) or "1.40".
        content: whether messages and answers are recorded, as attributes of the span. They are the caller's content.
        tracer_provider, meter_provider: of OpenTelemetry; the process's own where nothing is said.

    Raises:
        ImportError: opentelemetry-api is not installed.
        ValueError: there is no such version.
    """

    def __init__(
        self,
        *,
        version: Version = "1.40",
        content: bool = False,
        tracer_provider: Any = None,
        meter_provider: Any = None,
    ) -> None:
        if version not in get_args(Version):
            raise ValueError(f"version must be one of {', '.join(get_args(Version))}; got {version!r}")
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise ImportError("spans need opentelemetry-api: pip install 'aiollm[otel]'") from None
        self._trace: Any = trace
        self._names = CONVENTIONS[version]
        self._content = content
        self._tracer = trace.get_tracer("aiollm", tracer_provider=tracer_provider)
        self._spans: dict[str, Any] = {}  # by call; threads share it, and each access is one atomic operation
        self._define(metrics.get_meter("aiollm", meter_provider=meter_provider))

    def _define(self, meter: Any) -> None:
        names = self._names

        def histogram(name: str, unit: str, told: str, edges: Sequence[float]) -> Any:
            return meter.create_histogram(name, unit, told, explicit_bucket_boundaries_advisory=edges)

        self._duration = histogram(names.duration, "s", "How long calls took", SECONDS_BUCKETS)
        self._first_chunk: Any = names.first_chunk and histogram(
            names.first_chunk, "s", "Time to the first content of a stream", SECONDS_BUCKETS
        )
        self._tokens = histogram(names.tokens, "{token}", "Tokens of a call", TOKENS_BUCKETS)

    # -- what is heard

    def offer(self, event: Event, loop: asyncio.AbstractEventLoop) -> None:
        """Take an event, as hooks do."""
        if isinstance(event, CallStarted):
            self._begin(event.call)
        elif isinstance(event, AttemptFailed):
            self._spans[event.call.id].add_event("gen_ai.attempt.failed", self._attempt(event.attempt))
        elif isinstance(event, CallEnded):
            self._end(self._spans.pop(event.call.id), event)

    def _begin(self, call: CallFacts) -> None:
        common = self._common(call, call.provider)
        self._spans[call.id] = self._tracer.start_span(
            f"{common['gen_ai.operation.name']} {call.model}",
            kind=self._trace.SpanKind.CLIENT,
            attributes={**common, **dict(self._request(call))},
            start_time=int(call.started_at * _NANO),
        )

    def _end(self, span: Any, event: CallEnded) -> None:
        error = _error_type(event)
        if error is not None:
            span.set_attribute("error.type", error)
            if event.ended == "failed":
                span.set_status(self._trace.StatusCode.ERROR, type(event.error).__name__)
        span.set_attributes(dict(self._answer(event)))
        span.end(int((event.call.started_at + event.elapsed) * _NANO))
        self._count(event, error)

    def _count(self, event: CallEnded, error: str | None) -> None:
        common = self._common(event.call, event.provider)
        if event.served_model:
            common["gen_ai.response.model"] = event.served_model
        self._duration.record(event.elapsed, common if error is None else {**common, "error.type": error})
        if self._first_chunk and event.call.stream and event.first_token is not None:
            self._first_chunk.record(event.first_token, common)
        if event.usage is None or event.cache_hit:
            return
        for kind, count in _counts(event.usage):
            if kind in ("input", "output"):
                self._tokens.record(count, {**common, "gen_ai.token.type": kind})

    # -- attributes

    def _common(self, call: CallFacts, provider: str) -> dict[str, Any]:
        """Return what is said of a call in its span and in all metrics."""
        address = urlsplit(call.url)
        common: dict[str, Any] = {
            "gen_ai.operation.name": _OPERATIONS[call.api],
            self._names.provider: self._names.providers.get(provider, provider),
            "gen_ai.request.model": call.model,
        }
        if address.hostname:
            common["server.address"] = address.hostname
            common["server.port"] = address.port or _PORTS.get(address.scheme, 0)
        return common

    def _request(self, call: CallFacts) -> Iterator[tuple[str, Any]]:
        for name, value in call.params.items():
            if name in _PARAMETERS and isinstance(value, int | float):
                yield _PARAMETERS[name], value
        stop = call.params.get("stop")
        if stop:
            yield "gen_ai.request.stop_sequences", [stop] if isinstance(stop, str) else list(stop)
        if call.params.get("n") not in (None, 1):
            yield "gen_ai.request.choice.count", call.params["n"]
        if self._names.has_stream and call.stream:
            yield "gen_ai.request.stream", True
        if self._content:
            yield "gen_ai.input.messages", _json([_message(each) for each in _asked(call)])

    def _answer(self, event: CallEnded) -> Iterator[tuple[str, Any]]:
        yield self._names.provider, self._names.providers.get(event.provider, event.provider)
        if event.served_model:
            yield "gen_ai.response.model", event.served_model
        response = event.response if self._content or event.ended == "complete" else None
        if identity := getattr(response, "id", None):
            yield "gen_ai.response.id", identity
        if event.finish_reason:
            yield "gen_ai.response.finish_reasons", [event.finish_reason]
        if self._names.has_stream and event.call.stream and event.first_token is not None:
            yield "gen_ai.response.time_to_first_chunk", event.first_token
        for kind, count in _counts(event.usage):
            if kind in self._names.usage_attributes:
                yield self._names.usage_attributes[kind], count
        if self._content and (answers := [*_answers(response)]):
            yield "gen_ai.output.messages", _json(answers)

    def _attempt(self, attempt: Attempt) -> dict[str, Any]:
        told = {
            self._names.provider: self._names.providers.get(attempt.provider, attempt.provider),
            "gen_ai.request.model": attempt.model,
            "error.type": type(attempt.error).__name__,
        }
        status = attempt.error.status_code if attempt.error is not None else None
        return told if status is None else {**told, "http.response.status_code": status}


def _error_type(event: CallEnded) -> str | None:
    if event.ended == "complete":
        return None
    return ABANDONED if event.ended == "closed" else type(event.error).__name__


def _counts(usage: Usage | None) -> Iterator[tuple[str, int]]:
    """Yield what was counted, as far as the provider told."""
    if usage is None:
        return
    prompt, answer = usage.prompt_tokens_details, usage.completion_tokens_details
    told = {
        "input": usage.prompt_tokens,
        "output": usage.completion_tokens,
        "cache_read": prompt.cached_tokens if prompt else None,
        "cache_write": (prompt.cache_write_tokens or prompt.cache_creation_tokens) if prompt else None,
        "reasoning": answer.reasoning_tokens if answer else None,
    }
    yield from ((kind, count) for kind, count in told.items() if count)


# -- content, in the conventions' shape: a role, and parts


def _asked(call: CallFacts) -> Sequence[Mapping[str, Any]]:
    given = call.messages or call.params.get("input") or ()
    texts = [given] if isinstance(given, str) else given
    return [each if is_mapping(each) else {"role": "user", "content": each} for each in texts]


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": message.get("role", "user"), "parts": [*_parts(message)]}


def _parts(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    content = message.get("content")
    if message.get("role") == "tool":
        yield {"type": "tool_call_response", "id": message.get("tool_call_id"), "result": content}
    elif isinstance(content, str):
        yield {"type": "text", "content": content}
    else:
        for part in content or ():
            text = part.get("text") if is_mapping(part) else None
            yield {"type": "text", "content": text} if text is not None else dict(part)
    for call in message.get("tool_calls") or ():
        function = call.get("function") or EMPTY
        yield {
            "type": "tool_call",
            "id": call.get("id"),
            "name": function.get("name"),
            "arguments": function.get("arguments"),
        }


def _answers(response: Any) -> Iterator[dict[str, Any]]:
    """Yield the messages of an answer: of chat its choices, of the Responses API its output."""
    for choice in getattr(response, "choices", None) or ():
        yield {**_message(choice.message.model_dump()), "finish_reason": choice.finish_reason}
    text = getattr(response, "output_text", None)
    if text:
        yield {"role": "assistant", "parts": [{"type": "text", "content": text}]}


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()
