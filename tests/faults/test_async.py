from __future__ import annotations

import pytest

import aiollm
from aiollm.testing import ProviderServer
from tests.engine.calling import collected, opened, pool_facts
from tests.faults.catalogue import CASES, Case
from tests.faults.reading import check


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_fault_ends_a_stream_as_the_catalogue_says(case: Case) -> None:
    async with ProviderServer() as server:
        server.script(case.script)
        chunks, error = [], None
        try:
            stream = await opened(server, **case.options)
        except aiollm.APIError as caught:
            error = caught
        else:
            chunks, error = await collected(stream)
            assert stream.closed
            if case.error is None:
                assert (stream.finish_reason, stream.finish_inferred) == (case.finish_reason, case.inferred)
        check(case, server, chunks, error)
        await server.wait_for_answer()  # nothing goes on that nobody reads
        assert pool_facts()["active"] == 0
        assert len(server.log) == 1
