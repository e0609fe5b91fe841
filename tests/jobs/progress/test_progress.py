"""Who is told of a job, and when."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiollm import Summary
from aiollm.jobs.progress.log import Log
from aiollm.jobs.progress.progress import _Function, display_for
from aiollm.jobs.progress.terminal import Lines
from aiollm.testing import ProviderServer, reply, stall
from tests.jobs.asking import job, results


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("Fine.")
        yield server


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (_Function, Log, Lines):
        monkeypatch.setattr(kind, "seconds", 0.01)


async def test_a_function_hears_while_the_job_goes_on_and_at_its_end(server: ProviderServer) -> None:
    slow = [stall(0.2), reply("slow")]
    server.enqueue(slow, slow)
    told: list[Summary] = []
    await results(job(server, ["a", "b"], progress=told.append))
    assert [summary.reason for summary in told[:-1]] == [None] * (len(told) - 1) != []
    assert (told[0].in_flight, told[0].total) == (2, 2)
    assert (told[-1].reason, told[-1].done) == ("complete", 2)


async def test_it_hears_the_end_of_a_job_that_is_left(server: ProviderServer) -> None:
    told: list[Summary] = []
    async for _ in (running := job(server, map(str, range(1000)), concurrency=1, progress=told.append)):
        break
    await running.aclose()
    assert told[-1].reason == "closed"


async def test_a_function_that_fails_costs_the_job_nothing(
    server: ProviderServer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(summary: Summary) -> None:
        raise ZeroDivisionError

    server.enqueue([stall(0.2), reply("slow")])
    assert [result.text for result in await results(job(server, ["a"], progress=fail))] == ["slow"]
    assert [record.message for record in caplog.records] == ["the progress of a job cannot be shown; the job goes on"]


async def test_without_terminal_or_notebook_it_is_logged(
    server: ProviderServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "aiollm.jobs")
    server.enqueue([stall(0.2), reply("slow")])
    await results(job(server, ["a"]))
    assert caplog.messages[0].startswith("0 of 1 answered, 1 at a time")
    assert caplog.messages[-1].startswith("complete: 1 done, 0 failed")


async def test_or_written_to_stderr_on_demand(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.enqueue([stall(0.2), reply("slow")])
    await results(job(server, ["a"], progress=True))
    assert capsys.readouterr().err.startswith("0 of 1 answered, 1 at a time")


async def test_it_is_told_nowhere_if_that_is_asked(
    server: ProviderServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    server.enqueue([stall(0.1), reply("slow")])
    await results(job(server, ["a"], progress=False))
    assert (caplog.messages, capsys.readouterr().err) == ([], "")


def test_what_can_show_nothing_is_refused() -> None:
    wrong: Any = "bar"
    with pytest.raises(TypeError, match="a function; got a str"):
        display_for(wrong)
