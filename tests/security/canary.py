"""A key that must never be seen, and all the places where it could be."""

from __future__ import annotations

import logging
import pickle
import traceback

import pytest

KEY = "sk-canary-0123456789abcdef"
PROMPT = "canary prompt that nobody may log"


def chain(error: BaseException) -> list[BaseException]:
    """An error with all its causes and contexts."""
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        current = todo.pop()
        if current is not None and current not in found:
            found.append(current)
            todo += [current.__cause__, current.__context__]
    return found


def places(error: BaseException, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """What can be read of an error, by place."""
    seen = {}
    for position, link in enumerate(chain(error)):
        seen[f"str {position}"] = str(link)
        seen[f"repr {position}"] = repr(link)
        seen[f"members {position}"] = repr(vars(link))
        seen[f"args {position}"] = repr(link.args)
    own = traceback.TracebackException.from_exception(_without_this_suite(error), capture_locals=True)
    seen["traceback"] = "".join(own.format())
    seen["pickle"] = pickle.dumps(error).decode("latin-1")
    seen["log"] = log(caplog)
    return seen


def log(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, with the arguments of the records."""
    return "\n".join(f"{record.getMessage()} {record.args!r} {record.exc_text}" for record in caplog.records)


def _without_this_suite(error: BaseException) -> BaseException:
    """The error with the frames of the library only: a caller's own variables are the caller's."""
    for link in chain(error):
        trace = link.__traceback__
        while trace is not None and "/tests/" in trace.tb_frame.f_code.co_filename:
            trace = trace.tb_next
        link.__traceback__ = trace
    return error


def listen(caplog: pytest.LogCaptureFixture) -> None:
    """Log everything that any logger says."""
    caplog.set_level(logging.DEBUG)
    for name in ("asyncio", "aiohttp", "aiohttp.client", "aiohttp.internal", "aiollm"):
        caplog.set_level(logging.DEBUG, logger=name)
