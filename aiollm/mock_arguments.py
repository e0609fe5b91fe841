"""The arguments of a call that have its answer made up instead of asked for, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.arguments import checked_flag, faulty
from aiollm.engine.mock import MockCalls, MockTimeout, are_chunks
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse
from aiollm.types.shape import JSON, is_mapping
from aiollm.types.timeouts import Timeouts

__all__ = ["mock_of"]

_KINDS = (str, Exception, Mapping, ModelResponse, ModelResponseStream)


def mock_of(given: Mapping[str, Any], timeouts: Timeouts) -> Any:
    """Return what is to be made up in the place of an answer, from the arguments of a call; None for nothing.

    Raises:
        BadRequestError: they ask for something that cannot be made up.
    """
    mock, calls = given["mock_response"], given.get("mock_tool_calls")
    if checked_flag("mock_timeout", given.get("mock_timeout")):
        clocks = [clock for clock in (timeouts.first_token, timeouts.total) if clock is not None]
        if not clocks:
            raise faulty("mock_timeout", "for a call with a timeout", True)
        return MockTimeout(min(clocks))
    if calls:
        if not _are_dicts(calls) or not (mock is None or isinstance(mock, str)):
            raise faulty("mock_tool_calls", "a list of tool calls, beside a text or alone", calls)
        return MockCalls(mock, tuple(calls))
    if not _can_be_made_up(mock):
        raise faulty("mock_response", "text, a response, chunks, or an exception", mock)
    return mock


def _can_be_made_up(mock: Any) -> bool:
    return mock is None or isinstance(mock, _KINDS) or are_chunks(mock)


def _are_dicts(calls: JSON) -> bool:
    return isinstance(calls, list | tuple) and all(map(is_mapping, calls))
