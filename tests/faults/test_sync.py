from __future__ import annotations

from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer
from tests.engine.calling import arguments
from tests.faults.catalogue import CASES, Case
from tests.faults.reading import check


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_ends_a_blocking_stream_in_the_same_way(case: Case) -> None:
    with ProviderServer() as server:
        server.script(case.script)
        chunks: list[Any] = []
        error = None
        try:
            for chunk in aiollm.completion(**arguments(server, stream=True, **case.options)):
                chunks.append(chunk)  # noqa: PERF402  # those before an error are kept
        except aiollm.APIError as caught:
            error = caught
        check(case, server, chunks, error)
        server.run(server.wait_for_answer())  # nothing goes on that nobody reads
        assert len(server.log) == 1
