"""What every case of the catalogue must show, whichever way it was read."""

from __future__ import annotations

import json
import pickle

import aiollm
from aiollm.testing import ProviderServer
from tests.engine.calling import text_of
from tests.faults.case import REQUEST_ID
from tests.faults.catalogue import EXPECTED_TOOL_CALLS, TOOL_CALLS, Case


def check(
    case: Case, server: ProviderServer, chunks: list[aiollm.ModelResponseStream], error: Exception | None
) -> None:
    """Compare what was read with what the case says."""
    if case.text is not None:
        assert text_of(chunks) == case.text
    if case.error is None:
        assert error is None
        check_tool_calls(case, chunks)
        return
    assert type(error) is case.error, repr(error)
    assert isinstance(error, aiollm.APIError)
    assert case.says in str(error)
    assert error.llm_provider == "openai"
    assert error.model == "scripted"
    assert error.host == f"127.0.0.1:{server.port}"
    assert error.request_id == (REQUEST_ID if case.head else None)
    assert error.attempt == 1
    assert error.elapsed is not None
    assert 0 < error.elapsed < 30
    assert error.phase == case.phase
    if case.status_code is not None:
        assert error.status_code == case.status_code
    if case.retryable is not None:
        assert error.retryable is case.retryable
    for name, value in case.facts.items():
        assert getattr(error, name) == value
    assert case.hint in (error.hint or "")
    check_partial(case, chunks, error)
    pickle.dumps(error.__cause__)  # which Dask sends along
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.host) == (type(error), str(error), error.host)


def check_partial(case: Case, chunks: list[aiollm.ModelResponseStream], error: aiollm.APIError) -> None:
    """The error holds exactly the answer that was delivered."""
    if chunks:
        assert (error.partial.choices[0].message.content or "") == text_of(chunks)
        assert error.partial.id == chunks[0].id
        assert error.hint
    else:
        assert error.partial is None


def check_tool_calls(case: Case, chunks: list[aiollm.ModelResponseStream]) -> None:
    """Whatever shape they came in, the calls are the same."""
    if case in TOOL_CALLS:
        response = aiollm.stream_chunk_builder(chunks)
        assert response is not None
        calls = response.choices[0].message.tool_calls or []
        said = [(call.function.name, json.loads(call.function.arguments)) for call in calls]
        # The calls are numbered as they appear, and one shape begins with the second.
        assert sorted(said, reverse=True) == list(EXPECTED_TOOL_CALLS)
