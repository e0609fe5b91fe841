from __future__ import annotations

import os
import random
import threading
from collections.abc import Sequence

import pytest

from aiollm import exceptions as errors
from aiollm.router.deployment import Deployment
from aiollm.router.fleet import Fleet
from aiollm.router.health import CooldownRules
from aiollm.router.member import Demand, Member
from aiollm.router.selection import Selection
from aiollm.router.strategy import Draw
from aiollm.router.trial import Trial
from tests.programs import STRICT, run
from tests.router.fleets import deployment


def fleet(*deployments: Deployment, aliases: dict[str, str] | None = None, rules: CooldownRules | None = None) -> Fleet:
    made = Fleet(Selection(), rules or CooldownRules(), aliases or {}, random.Random(7).random)
    made.replace(deployments)
    return made


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("gpt-4o", "gpt-4o"),
        ("four", "gpt-4o"),
        ("openai/o3", "openai/*"),
        ("openai/gpt-4.1", "openai/gpt-*"),
        ("groq/llama", "*"),
    ],
)
def test_a_name_is_a_group_an_alias_or_what_the_longest_pattern_matches(name: str, group: str) -> None:
    groups = ["gpt-4o", "*", "openai/*", "openai/gpt-*"]
    made = fleet(*(deployment(f"id {group}", group) for group in groups), aliases={"four": "gpt-4o"})
    assert made.group_of(name).name == group
    assert made.names() == [*groups, "four"]


@pytest.mark.parametrize(("alias", "group"), [("o3", "openai/*"), ("claude", "gpt-4o")])
def test_an_alias_may_mean_a_pattern_and_goes_before_a_group_of_its_name(alias: str, group: str) -> None:
    aliases = {"o3": "openai/o3", "claude": "gpt-4o"}
    made = fleet(*(deployment(f"id {name}", name) for name in ("gpt-4o", "claude", "openai/*")), aliases=aliases)
    assert made.group_of(alias).name == group


def test_an_unknown_name_is_told_the_nearest() -> None:
    made = fleet(deployment("a", "gpt-4o-mini"), deployment("b", "claude"))
    with pytest.raises(errors.BadRequestError, match=r"no model 'gpt-4-mini'.*did you mean 'gpt-4o-mini'"):
        made.group_of("gpt-4-mini")
    with pytest.raises(errors.BadRequestError, match="there are: gpt-4o-mini, claude"):
        made.group_of("xyz")
    with pytest.raises(errors.BadRequestError, match="there are: none"):
        fleet().group_of("xyz")


def test_two_deployments_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="two deployments have the id 'a'"):
        fleet(deployment("a", "g"), deployment("a", "h"))


def test_what_is_known_of_a_deployment_outlives_a_new_list() -> None:
    made = fleet(deployment("a"), deployment("b"))
    for _ in range(2):
        trial = made.begin("g", Demand(), (), 0.0)
        trial.failed(errors.AuthenticationError(), 0.0)
    made.replace([deployment("a"), deployment("b"), deployment("c", weight=5.0)])
    assert {made.begin("g", Demand(), (), 1.0).member.deployment.id for _ in range(9)} == {"c"}
    made.replace([deployment("a")])
    with pytest.raises(errors.ServiceUnavailableError):
        made.begin("g", Demand(), (), 1.0)
    made.replace([])
    with pytest.raises(errors.BadRequestError, match="no model 'g'"):
        made.begin("g", Demand(), (), 1.0)


def test_a_deployment_may_have_a_cooldown_of_its_own() -> None:
    made = fleet(deployment("a", cooldown_time=30.0), deployment("b", cooldown_time=0.0))
    for one in made.group_of("g").members:
        one.health.failed(errors.AuthenticationError(), 0.0, 0.0, alone=False)
    assert [one.health.fit_in(0.0) for one in made.group_of("g").members] == [30.0, 0.0]


def test_another_is_there_only_if_it_has_not_failed_and_is_well() -> None:
    made = fleet(deployment("a"), deployment("b"))
    assert made.has_another("g", Demand(), {"a"}, 0.0)
    assert not made.has_another("g", Demand(), {"a", "b"}, 0.0)
    made.group_of("g").members[1].health.failed(errors.RateLimitError(), 0.0, 0.0, alone=False)
    assert not made.has_another("g", Demand(), {"a"}, 0.0)


def test_the_only_one_that_can_take_a_call_is_asked_on() -> None:
    made = Fleet(Selection(compares_tags=True), CooldownRules(), {}, random.Random(7).random)
    made.replace([deployment("a", tags=frozenset({"eu"})), deployment("b", tags=frozenset({"us"}))])
    demand = Demand(tags=frozenset({"eu"}))
    for _ in range(5):
        made.begin("g", demand, (), 0.0).failed(errors.RateLimitError(), 0.0)
    assert made.group_of("g").members[0].health.fit(0.0)


def test_an_attempt_may_end_in_the_middle_of_a_choice() -> None:
    """As that of a stream does which is collected just then."""
    trials: list[Trial] = []

    def strategy(members: Sequence[Member], demand: Demand, now: float, draw: Draw) -> Member:
        for trial in trials:
            trial.complete(0.0, None)
        return members[0]

    made = Fleet(Selection(strategy=strategy), CooldownRules(), {}, random.random)
    made.replace([deployment("a"), deployment("b")])
    trials.append(made.begin("g", Demand(), (), 0.0))
    made.begin("g", Demand(), (), 0.0)
    assert made.group_of("g").members[0].statistics.in_flight == 1


def test_threads_lose_no_count() -> None:
    made = fleet(deployment("a"), deployment("b"))

    def work() -> None:
        for _ in range(500):
            trial = made.begin("g", Demand(tokens=2), (), 0.0)
            trial.answered(0.0)
            trial.complete(0.0, 5)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = [member.statistics for member in made.group_of("g").members]
    assert sum(one.successes for one in seen) == 2000
    assert sum(one.tokens.total(0.0) for one in seen) == 10_000
    assert [(one.waiting, one.in_flight) for one in seen] == [(0, 0)] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_in_the_middle_of_a_choice_starts_afresh() -> None:
    program = """
    import random
    from aiollm.router.fleet import CooldownRules, Demand, Fleet, Selection
    from tests.router.fleets import deployment

    chosen, forked = threading.Event(), threading.Event()

    def strategy(members, demand, now, draw):
        if not forked.is_set():
            chosen.set()
            forked.wait()
        return members[0]

    made = Fleet(Selection(strategy=strategy), CooldownRules(), {}, random.random)
    made.replace([deployment("a"), deployment("b")])
    thread = threading.Thread(target=made.begin, args=("g", Demand(), (), 0.0))
    thread.start()
    chosen.wait()
    child = os.fork()
    forked.set()
    if child == 0:
        made.begin("g", Demand(), (), 0.0)
        os._exit(made.group_of("g").members[0].statistics.in_flight)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    """
    run(program, options=(*STRICT, "-W", "ignore:This process:DeprecationWarning"))
