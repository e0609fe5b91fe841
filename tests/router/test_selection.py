from __future__ import annotations

import random
from typing import Any

import pytest

from aiollm import exceptions as errors
from aiollm.router.member import Demand, Member
from aiollm.router.selection import Selection
from tests.router.fleets import left_alone, member, members


def chosen(
    among: list[Member], demand: Demand | None = None, *, tried: tuple[str, ...] = (), now: float = 0.0, **how: Any
) -> set[str]:
    """The deployments that are chosen sooner or later."""
    selection, draw = Selection(**how), random.Random(7).random
    suitable = selection.suitable("g", among, demand or Demand())
    return {
        selection.choose("g", suitable, demand or Demand(), tried, now, draw).deployment.id
        for _ in range(30 * len(among))
    }


def test_any_of_those_that_are_equal_is_chosen() -> None:
    assert chosen(members("a", "b", "c")) == {"a", "b", "c"}


def test_one_that_failed_in_this_call_comes_after_all_others() -> None:
    among = [member("first", order=1), member("second", order=2)]
    assert chosen(among) == {"first"}
    assert chosen(among, tried=("first",)) == {"second"}
    assert chosen(among, tried=("first", "second")) == {"first"}


def test_those_without_an_order_come_last() -> None:
    among = [member("a", order=2), member("b", order=1), member("c")]
    assert chosen(among) == {"b"}
    assert chosen(among, tried=("a", "b")) == {"c"}


def test_one_that_is_left_alone_is_not_asked() -> None:
    ill, well = members("ill", "well")
    left_alone(ill, errors.RateLimitError())
    assert chosen([ill, well], now=1.0) == {"well"}
    assert chosen([ill, well], now=1.0, tried=("well",)) == {"well"}
    assert chosen([ill, well], now=6.0) == {"ill", "well"}


def test_when_all_are_left_alone_the_error_says_which_why_and_until_when() -> None:
    among = [left_alone(member("a"), errors.RateLimitError(retry_after=30.0)), member("b")]
    left_alone(among[1], errors.RateLimitError())
    with pytest.raises(errors.RateLimitError, match=r"'g'.*a for 28\.0 s after RateLimitError, b for 3\.0 s") as caught:
        chosen(among, now=2.0)
    assert caught.value.retry_after == 3.0
    left_alone(among[1], errors.AuthenticationError(), now=6.0)
    with pytest.raises(errors.ServiceUnavailableError, match="after AuthenticationError") as unavailable:
        chosen(among, now=6.0)
    assert unavailable.value.retry_after == 10.0


def test_one_without_room_comes_after_those_with_room() -> None:
    full, free = member("full", max_parallel_requests=2, rpm=10, tpm=100), member("free")
    demand = Demand(tokens=50)
    assert chosen([full, free], demand) == {"full", "free"}
    full.statistics.in_flight = 2
    assert chosen([full, free], demand) == {"free"}
    assert chosen([full], demand) == {"full"}, "its limits make the call wait"
    full.statistics.in_flight = 0
    full.statistics.tokens.add(0.0, 51)
    assert chosen([full, free], demand) == {"free"}
    assert chosen([full, free], demand, now=61.0) == {"full", "free"}
    full.statistics.requests.add(61.0, 10)
    assert chosen([full, free], demand, now=61.0) == {"free"}


def tags(*names: str) -> frozenset[str]:
    return frozenset(names)


TAGGED = {"paid": tags("paid", "eu"), "free": tags("free"), "any": tags("default"), "none": tags()}


@pytest.mark.parametrize(
    ("asked", "any_tag", "found"),
    [
        (tags(), True, {"any"}),
        (tags("paid"), True, {"paid"}),
        (tags("paid", "free"), True, {"paid", "free"}),
        (tags("paid", "eu"), False, {"paid"}),
        (tags("paid", "free"), False, {"any"}),
        (tags("else"), True, {"any"}),
    ],
)
def test_tags_choose_deployments(asked: frozenset[str], any_tag: bool, found: set[str]) -> None:
    among = [member(id, tags=own) for id, own in TAGGED.items()]
    assert chosen(among, Demand(tags=asked), compares_tags=True, any_tag=any_tag) == found
    assert chosen(among, Demand(tags=asked)) == TAGGED.keys()


def test_tags_that_nobody_has_are_an_error_and_calls_without_tags_go_anywhere() -> None:
    among = [member("a", tags=tags("x")), member("b", tags=tags("y"))]
    assert chosen(among, compares_tags=True) == {"a", "b"}
    with pytest.raises(errors.BadRequestError, match="'g' has the tags of the call: p, q"):
        chosen(among, Demand(tags=tags("p", "q")), compares_tags=True)


def test_a_prompt_goes_where_it_fits() -> None:
    among = [member("small", max_input_tokens=1000), member("large", max_input_tokens=9000), member("unknown")]
    assert chosen(among, Demand(tokens=1001), checks_context=True) == {"large", "unknown"}
    assert chosen(among, Demand(tokens=1001)) == {"small", "large", "unknown"}


def test_a_prompt_that_fits_nowhere_is_not_sent() -> None:
    among = [member("small", max_input_tokens=1000), member("large", max_input_tokens=9000)]
    with pytest.raises(errors.ContextWindowExceededError, match=r"about 9001 tokens.*take 9000"):
        chosen(among, Demand(tokens=9001), checks_context=True)


def test_calls_that_belong_together_go_together() -> None:
    among = members("a", "b", "c", "d")
    assert len(chosen(among, Demand(affinity="session 1"))) == 1
    (one,) = chosen(among, Demand(affinity="session 1"))
    assert chosen(among, Demand(affinity="session 1"), tried=(one,)) != {one}
