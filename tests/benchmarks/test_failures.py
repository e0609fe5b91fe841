"""The verdicts of the failure matrix: what a cell says of what was seen."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.testing import ProviderServer, cut, reply, silence, tokens
from benchmarks.failures.checks import names_the_place, no_key_leaves, upstream_is_closed
from benchmarks.failures.clients import API_KEY, BOUND
from benchmarks.failures.clients.aiollm import Client
from benchmarks.failures.scenario import Scenario, judged
from benchmarks.failures.worker import answered

PLACE = "http://127.0.0.1:1234/v1"
SERVER, ELSEWHERE = ProviderServer(), ProviderServer()


def seen(text: str = "", error: str | None = None, **more: Any) -> dict[str, Any]:
    facts = {"text": text, "hung": False, "error": error, "documented": True, "message": "", "base_url": PLACE}
    return facts | more


@pytest.mark.parametrize(
    ("scenario", "found", "kind"),
    [
        (Scenario("right answer", reply("a"), "a"), seen("a"), "right"),
        (Scenario("right answer", reply("a"), "a"), seen(""), "silent"),
        (Scenario("right answer", reply("a"), "a"), seen("a", "E"), "fails"),
        (Scenario("right answer", reply("a"), "a"), seen(hung=True), "hangs"),
        (Scenario("odd answer", reply("a"), "a", error=True), seen("a"), "right"),
        (Scenario("odd answer", reply("a"), "a", error=True), seen("", "E"), "right"),
        (Scenario("cut", cut(), error=True), seen("a", "E"), "right"),
        (Scenario("cut", cut(), error=True), seen("a"), "silent"),
        (Scenario("cut", cut(), error=True), seen("a", "E", documented=False), "raw"),
        (
            Scenario("refused", cut(), error=True, check=names_the_place),
            seen(error="E", message="127.0.0.1:1234"),
            "right",
        ),
        (Scenario("refused", cut(), error=True, check=names_the_place), seen(error="E", message="no"), "wrong"),
    ],
)
def test_a_cell_says_what_was_seen(scenario: Scenario, found: dict[str, Any], kind: str) -> None:
    assert judged(scenario, found, SERVER, ELSEWHERE).kind == kind


def test_a_stream_that_is_left_must_end_upstream() -> None:
    endless = Scenario("left", tokens("a b c", gap=1), way="drop", check=upstream_is_closed)
    with ProviderServer() as server:
        server.script([tokens(["a"] * 1000, gap=0.02)])
        found = answered(Client, server.base_url, "drop", 0, BOUND)
        assert judged(endless, found, server, ELSEWHERE).kind == "right"
        server.log[-1].disconnected_at = None
        assert judged(endless, found, server, ELSEWHERE).detail == "upstream goes on"


def test_a_key_that_reaches_another_server_is_seen() -> None:
    scenario = Scenario("redirected", silence(), check=no_key_leaves)
    with ProviderServer() as elsewhere:
        answered(Client, elsewhere.base_url, "read", 0, BOUND)
        assert API_KEY in elsewhere.log[0].headers["authorization"]
        assert judged(scenario, seen(), SERVER, elsewhere).kind == "wrong"
    with ProviderServer() as elsewhere:
        assert judged(scenario, seen(), SERVER, elsewhere).kind == "right"
