"""The body of a request: bytes into a JSON object, within limits, and its members by their types."""

from __future__ import annotations

from typing import Any

import msgspec

from aiollm.exceptions import BadRequestError
from aiollm.types.shape import JSON, is_object

__all__ = ["MOST_LEVELS", "MOST_MESSAGES", "asked_model", "flag", "listed", "read_body", "refused", "text"]

MOST_LEVELS = 64
"""Deeper JSON is nobody's request; a schema of a tool is some ten levels deep."""

MOST_MESSAGES = 10_000


def read_body(data: bytes) -> dict[str, Any]:
    """Return the object in the body of a request.

    Raises:
        BadRequestError: it is no JSON object, or nested too deeply.
    """
    try:
        body: JSON = msgspec.json.decode(data)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise BadRequestError(f"the body is not JSON: {error}", code="invalid_json", phase="request") from None
    if not isinstance(body, dict):
        raise BadRequestError("the body must be a JSON object", code="invalid_json", phase="request")
    # Each level needs a bracket; with fewer of them the body need not be walked.
    if data.count(b"{") + data.count(b"[") > MOST_LEVELS and _levels(body) > MOST_LEVELS:
        raise _too_deep()
    return body


def asked_model(body: dict[str, Any]) -> str:
    """Return the model that a request names.

    Raises:
        BadRequestError: it names none.
    """
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise refused("model", "must be given, as text")
    return model


def flag(body: dict[str, Any], name: str) -> bool:
    """Return a member that is true or false; false where it is missing.

    Raises:
        BadRequestError: it is something else.
    """
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise refused(name, "must be true or false")
    return bool(value)


def text(body: dict[str, Any], name: str) -> str | None:
    """Return a member that is text, or None where it is missing.

    Raises:
        BadRequestError: it is something else.
    """
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise refused(name, "must be text")
    return value


def listed(body: dict[str, Any], name: str) -> list[Any]:
    """Return a member that must be a list of messages or items, and not too long.

    Raises:
        BadRequestError: it is something else.
    """
    value: JSON = body.get(name)
    if not isinstance(value, list):
        raise refused(name, "must be given, as a list")
    if len(value) > MOST_MESSAGES:
        raise refused(name, f"has {len(value)} members; {MOST_MESSAGES} are allowed")
    return value


def refused(place: str, fault: str, code: str | None = None) -> BadRequestError:
    """Return the error for a member of the body.

    Args:
        place: the member, as in "messages[2].content".
        fault: what is wrong with it, as in "must be text".
        code: a word for it that programs can read.
    """
    return BadRequestError(f"{place} {fault}", param=place, code=code, phase="request")


def _levels(body: dict[str, Any]) -> int:
    """Return how deep a value is nested, or a number over the limit."""
    deepest = 0
    waiting: list[tuple[Any, int]] = [(body, 1)]
    while waiting and deepest <= MOST_LEVELS:
        value, level = waiting.pop()
        deepest = max(deepest, level)
        inner = value.values() if is_object(value) else value
        waiting.extend((item, level + 1) for item in inner if type(item) in (dict, list))
    return deepest


def _too_deep() -> BadRequestError:
    return BadRequestError(f"the body is nested more than {MOST_LEVELS} levels deep", phase="request")
