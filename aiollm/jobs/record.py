"""A result as a line of JSON that outlives the process, and back. Pure.

The line is one of an output file of OpenAI's batch API (https://platform.openai.com/docs/api-reference/batch/
request-output): `id`, `custom_id`, `response` with `status_code`, `request_id` and `body`, and `error`. As there, what
the provider refused has its status and `{"error": ...}` in `response`, and `error` tells of what had no reply. Beside
them `run` has what is known here alone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aiollm import exceptions
from aiollm.engine.attempt import Attempt
from aiollm.exceptions import APIError
from aiollm.jobs.result import Answer, Result
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse
from aiollm.types.usage import Usage

__all__ = ["Label", "label_of", "read_result", "write_result"]

_OK = 200
_ANSWERS: dict[str, type[Answer]] = {"response": ResponsesAPIResponse, "list": EmbeddingResponse}
_OF_AN_ATTEMPT = ("number", "cause", "provider", "model", "deployment", "started", "first_token", "elapsed", "ended")


class _Reply(msgspec.Struct):
    status_code: int
    request_id: str | None
    body: dict[str, Any]


class _Fault(msgspec.Struct):
    code: str
    message: str


class _Run(msgspec.Struct):
    index: int = 0
    error: str | None = None
    cost: float | None = None
    started: float = 0.0
    elapsed: float = 0.0
    first_token: float | None = None
    usage: dict[str, Any] | None = None
    attempts: list[dict[str, Any]] = []


class _Line(msgspec.Struct):
    id: str
    custom_id: str
    response: _Reply | None
    error: _Fault | None = None
    run: _Run = msgspec.field(default_factory=_Run)  # a line that the batch API has written has none


class _Status(msgspec.Struct):
    status_code: int


class Label(msgspec.Struct):
    """What a line says of itself.

    Attributes:
        custom_id: the key of the request.
        response: the status of the reply, or None.
    """

    custom_id: str
    response: _Status | None

    @property
    def answered(self) -> bool:
        """Whether the line has an answer."""
        return self.response is not None and self.response.status_code == _OK


_labels = msgspec.json.Decoder(Label)
_lines = msgspec.json.Decoder(_Line)


def label_of(line: bytes) -> Label:
    """Return what a line says of itself.

    Raises:
        ValueError: it is no line of results.
    """
    return _labels.decode(line)


def write_result(result: Result) -> bytes:
    """Return a result as one line, without its end.

    Raises:
        TypeError, ValueError: the answer holds what is no JSON.
    """
    failure = result.error
    run = _Run(
        index=result.index,
        error=None if failure is None else type(failure).__name__,
        cost=result.cost,
        started=result.started,
        elapsed=result.elapsed,
        first_token=result.first_token,
        usage=None if result.usage is None else result.usage.model_dump(),
        attempts=[_written(attempt) for attempt in result.attempts],
    )
    reply = fault = None
    if result.response is not None:
        reply = _Reply(_OK, result.request_id, result.response.model_dump())
    elif failure is not None:
        reply = _refusal(failure)
        fault = _Fault(str(failure.code or run.error), str(failure)) if reply is None else None
    return msgspec.json.encode(_Line(f"batch_req_{result.index}", result.key, reply, fault, run))


def read_result(line: bytes, index: int) -> Result:
    """Return the result of an answered request that a line holds.

    Args:
        line: the line.
        index: the request's place in the source of this run.

    Raises:
        ValueError: it is no line of results, or has no answer.
    """
    try:
        read = _lines.decode(line)
        if read.response is None or read.response.status_code != _OK:
            raise ValueError("the line has no answer")
        body = read.response.body
        response = _ANSWERS.get(str(body.get("object")), ModelResponse)(**body)
        usage = None if read.run.usage is None else Usage(**read.run.usage)
        return Result(
            index=index,
            key=read.custom_id,
            response=response,
            attempts=tuple(_attempt(attempt) for attempt in read.run.attempts),
            usage=response.usage if isinstance(response.usage, Usage) else usage,
            cost=read.run.cost,
            started=read.run.started,
            elapsed=read.run.elapsed,
            first_token=read.run.first_token,
            from_store=True,
            request_id=read.response.request_id,
        )
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _refusal(error: APIError) -> _Reply | None:
    """Return the provider's reply that an error is about; None where there was none."""
    if error.headers is None or error.status_code is None or error.status_code == _OK:
        return None
    said = {"message": str(error), "type": error.type, "param": error.param, "code": error.code}
    return _Reply(error.status_code, error.request_id, {"error": said})


def _written(attempt: Attempt) -> dict[str, Any]:
    written = {name: getattr(attempt, name) for name in _OF_AN_ATTEMPT}
    written["usage"] = attempt.usage and attempt.usage.model_dump()
    written["error"] = attempt.error and {"type": type(attempt.error).__name__, "message": str(attempt.error)}
    return written


def _attempt(written: dict[str, Any]) -> Attempt:
    usage, error = written.get("usage"), written.get("error")
    return Attempt(
        **{name: written[name] for name in _OF_AN_ATTEMPT},
        usage=None if usage is None else Usage(**usage),
        error=None if error is None else _error(error),
    )


def _error(written: dict[str, Any]) -> APIError:
    kind = getattr(exceptions, str(written["type"]), APIError)
    known = isinstance(kind, type) and issubclass(kind, APIError)
    error: APIError = (kind if known else APIError)(str(written["message"]))
    return error
