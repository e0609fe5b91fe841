"""What the page of the fan-out's benchmark says of a run, and that our own ways to ask can be measured."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from aiollm.testing import ProviderServer
from benchmarks.fanout.cases import CASES, PEER_REQUESTS, QUICK_SHARE
from benchmarks.fanout.clients import aiollm as ours
from benchmarks.fanout.clients import cookbook
from benchmarks.fanout.figures import figures_of, times_ours
from benchmarks.fanout.report import page
from benchmarks.fanout.upstream import Capacity
from tests import ROOT

RESULTS = ROOT / "benchmarks" / "results"


def records(case: str, **cpu: list[float]) -> list[dict[str, Any]]:
    """What each contender cost in each round; twice the cost is half the speed."""
    return [
        {
            "case": case,
            "contender": contender,
            "round": number,
            "result": {"cpu_us": cost, "per_second": 1e4 / cost, "growth_mb": 1.0},
        }
        for contender, costs in cpu.items()
        for number, cost in enumerate(costs)
    ]


def run(*measured: dict[str, Any]) -> dict[str, Any]:
    machine = {"processor": "p", "cores": 2, "memory_gb": 4, "system": "s", "python": "3"}
    setting = {"command": "c", "date": "d", "minutes": 1, "machine": machine, "load": {"before": 1, "after": 2}}
    return {**setting, "rounds": 3, "quick": False, "versions": {"aiollm": {"aiollm": "1"}}, "records": [*measured]}


def test_a_contender_is_compared_within_a_round() -> None:
    taken = records("short", floor=[100, 200, 400], aiollm=[150, 320, 600], openai=[750, 1600])
    found = figures_of(taken, "short", "aiollm")
    assert found is not None
    assert (found.cpu_us, found.cpu_to_floor) == (320, 1.5)
    assert found.speed_to_floor == pytest.approx(1 / 1.5)
    assert times_ours(taken, "short", "openai") == 5
    assert figures_of(taken, "short", "litellm") is None


def test_promises_are_kept_or_not() -> None:
    text = page(run(*records("streams", floor=[100], aiollm=[150], openai=[740], litellm=[2_250])))
    assert "| streams: CPU to the floor | 1.5 | ≤ 1.5 | yes |" in text
    assert "| streams: openai's CPU to ours | 4.93 | ≥ 5 | no |" in text
    assert "| streams: litellm's CPU to ours | 15 | ≥ 15 | yes |" in text
    assert "| as fast as they may: speed to the floor | - | ≥ 0.9 | - |" in text


def test_a_measurement_that_failed_is_told() -> None:
    text = page(run({"case": "short", "contender": "curator", "round": 0, "failure": "it broke"}))
    assert "| short | curator | it broke |" in text


def test_peers_ask_fewer_of_the_short_requests() -> None:
    short, streams = CASES["short"], CASES["streams"]
    asked = [short.asked_by(name, quick=False).requests for name in ("aiollm", "openai")]
    assert asked == [10_000, PEER_REQUESTS]
    assert short.asked_by("openai", quick=True).requests == PEER_REQUESTS / QUICK_SHARE
    assert streams.asked_by("aiollm", quick=True) == streams


def test_a_provider_serves_so_many_a_second_and_keeps_no_turn_that_was_not_taken() -> None:
    capacity = Capacity()
    assert [capacity.turn(at, 10.0) for at in (5.0, 5.0, 5.0, 7.0)] == pytest.approx([5.0, 5.1, 5.2, 7.0])


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("Fine.", usage={"prompt_tokens": 9, "completion_tokens": 51})
        yield server


@pytest.mark.parametrize("way", [ours, cookbook], ids=["aiollm", "cookbook"])
async def test_each_answer_is_counted(way: Any, server: ProviderServer) -> None:
    few = replace(CASES["short"], requests=20)
    assert await way.ask("any", server.base_url, few) == len(server.log) == 20


async def test_each_chunk_is_counted(server: ProviderServer) -> None:
    assert await ours.ask("any", server.base_url, replace(CASES["streams"], requests=2)) == 2 * 51


def test_the_page_is_that_of_the_run_that_is_kept() -> None:
    kept = json.loads((RESULTS / "fanout.json").read_text("utf-8"))
    assert page(kept) == (RESULTS / "fanout.md").read_text("utf-8")
