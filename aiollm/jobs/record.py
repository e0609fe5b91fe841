"""A result as a line of JSON that outlives the process, and back. Pure.

The line is one of an output file of OpenAI's batch API (https://platform.openai.com/docs/api-reference/batch/
request-output): `id`, `custom_id`, `response` with `status_code`, `request_id` and `body`, and `error`. Beside them
`run` has what is known here alone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aiollm import exceptions
from aiollm.engine.attempt import Attempt
from aiollm.exceptions import APIError
from aiollm.jobs.result import Result
from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage

__all__ = ["Label", "label_of", "read_result", "write_result"]

_OF_AN_ATTEMPT = ("number", "cause", "provider", "model", "deployment", "started", "first_token", "elapsed", "ended")


class _Reply(msgspec.Struct):
    status_code: int
    request_id: str | None
    body: dict[str, Any]


class _Fault(msgspec.Struct):
    code: str
    message: str
    type: str
    status_code: int | None


class _Run(msgspec.Struct):
    index: int
    cost: float | None
    started: float
    elapsed: float
    first_token: float | None
    attempts: list[dict[str, Any]]


class _Line(msgspec.Struct):
    id: str
    custom_id: str
    response: _Reply | None
    error: _Fault | None
    run: _Run


class Label(msgspec.Struct):
    """What a line says of itself.

    Attributes:
        custom_id: the key of the request.
        response: the reply, not read.
    """

    custom_id: str
    response: msgspec.Raw

    @property
    def answered(self) -> bool:
        """Whether the line has an answer."""
        return bytes(self.response) != b"null"


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
    reply = error = None
    if result.response is not None:
        reply = _Reply(200, result.request_id, result.response.model_dump())
    if result.error is not None:
        error = _fault(result.error)
    attempts = [_written(attempt) for attempt in result.attempts]
    run = _Run(result.index, result.cost, result.started, result.elapsed, result.first_token, attempts)
    line = _Line(f"batch_req_{result.index}", result.key, reply, error, run)
    return msgspec.json.encode(line)


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
        if read.response is None:
            raise ValueError("the line has no answer")
        response = ModelResponse(**read.response.body)
        return Result(
            index=index,
            key=read.custom_id,
            response=response,
            attempts=tuple(_attempt(attempt) for attempt in read.run.attempts),
            usage=response.usage,
            cost=read.run.cost,
            started=read.run.started,
            elapsed=read.run.elapsed,
            first_token=read.run.first_token,
            from_store=True,
            request_id=read.response.request_id,
        )
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _fault(error: APIError) -> _Fault:
    name = type(error).__name__
    return _Fault(str(error.code or name), str(error), name, error.status_code)


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
