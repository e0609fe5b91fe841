"""The rules by which a process spends and asks, without a server: the answers are made up."""

import math
from typing import Any

import pytest

from aiollm.core.redis.lease import PLACES, Answer, Lease, Question

SECONDS = 2.0
NONE = -1.0
RPM = [100.0, NONE, NONE, NONE, NONE]
RPM_AND_PLACES = [100.0, NONE, NONE, NONE, 10.0]
ONE = [1.0, 0.0, 0.0, 0.0, 1.0]


def lease(limits: list[float] = RPM) -> Lease:
    return Lease("me", list(limits), period=60.0, seconds=SECONDS)


def requests(count: float) -> list[float]:
    return [count, 0.0, 0.0, 0.0, 1.0]


def answer(question: Question, more: float = 0.0, places: float = 0.0, **facts: Any) -> Answer:
    """Return an answer that grants what is needed, and more."""
    holds = [question.need[0] + more, *question.need[1:PLACES], question.need[PLACES] + places]
    return Answer(**{"epoch": "first", "known": True, "now": 1000.0, "holds": holds, **facts})


def granted(new: Lease, now: float = 0.0, head: list[float] | None = ONE, **facts: Any) -> Question:
    """Let it ask, with a request that waits, and answer at once."""
    question = new.question(head, now)
    assert new.answered(answer(question, **facts), now, now)
    return question


def test_nothing_is_spent_before_it_was_granted():
    new = lease()
    assert not new.take(ONE, 0.0)
    granted(new, more=2)
    assert [new.take(ONE, 0.1) for _ in range(4)] == [True, True, True, False]


def test_a_lease_is_not_spent_to_its_very_end():
    new = lease()
    granted(new, more=2)
    assert new.take(ONE, 0.85 * SECONDS)
    assert not new.take(ONE, 0.9 * SECONDS)


def test_a_lease_lasts_from_the_question_on_and_not_from_the_answer():
    new = lease()
    question = new.question(ONE, 0.0)
    new.answered(answer(question), 0.0, 0.8)
    assert not new.take(ONE, 0.9 * SECONDS)


def test_what_is_spent_during_a_visit_goes_off_the_new_lease():
    new = lease()
    granted(new, more=9)
    assert new.take(ONE, 0.1)
    question = new.question(None, 0.2)
    assert question.keep[0] == question.need[0] == 9
    assert [new.take(ONE, 0.2) for _ in range(3)] == [True] * 3
    new.answered(answer(question, more=1), 0.2, 0.3)
    assert [new.take(ONE, 0.3) for _ in range(8)] == [True] * 7 + [False]


def test_what_was_taken_beyond_its_estimate_during_a_visit_goes_off_the_new_lease():
    new = lease()
    granted(new)
    assert new.take(ONE, 0.1)
    question = new.question(None, 0.2)
    new.correct(requests(4), 0.1, 0.2)  # which the server hears on the next visit
    new.answered(answer(question, more=5), 0.2, 0.3)
    assert [new.take(ONE, 0.3) for _ in range(2)] == [True, False]
    assert new.question(None, 0.4).keep[0] == 0


def test_what_was_told_to_the_server_is_not_owed_to_it_any_more():
    new = lease()
    granted(new)
    assert new.take(ONE, 0.1)
    new.correct(requests(4), 0.1, 0.2)
    granted(new, 0.3)
    assert new.take(ONE, 0.3)


def test_a_failed_visit_leaves_the_lease_as_it_was():
    new = lease()
    granted(new, more=9)
    assert new.take(ONE, 0.1)
    new.question(None, 1.0)
    assert new.take(ONE, 1.5)
    assert not new.take(ONE, 0.9 * SECONDS)


def test_one_that_waits_gives_back_what_does_not_suffice():
    new = lease()
    granted(new, more=3)
    question = new.question(requests(7), 0.1)
    assert (question.keep[0], question.need[0], question.hungry) == (0, 7, True)
    assert not new.take(ONE, 0.1)


def test_one_that_waits_for_a_place_keeps_its_rates_and_gives_back_spare_places():
    new = lease(RPM_AND_PLACES)
    granted(new, more=5, places=1)
    assert new.take(ONE, 0.1)
    assert new.take(ONE, 0.1)
    assert not new.take(ONE, 0.1)
    question = new.question(ONE, 0.2)
    assert question.keep == [4, 0, 0, 0, 2]
    assert question.need == [4, 0, 0, 0, 3]


def test_spare_places_are_kept_while_they_are_used_again_and_again():
    new = lease(RPM_AND_PLACES)
    granted(new, more=50, places=3)
    for _ in range(3):
        assert new.take(ONE, 0.1)
    new.used -= 3
    assert granted(new, 0.2, head=None).keep[PLACES] == 3
    assert new.take(ONE, 0.3)
    new.used -= 1
    assert granted(new, 0.4, head=None).keep[PLACES] == 1


def test_places_beyond_the_share_are_let_go_when_others_wait():
    new = lease(RPM_AND_PLACES)
    granted(new, more=50, places=9, waiting=True, parties=2)
    for _ in range(8):
        assert new.take(ONE, 0.1)
    question = new.question(None, 0.2)
    assert question.keep[PLACES] == 8
    new.answered(answer(question, waiting=True, parties=2), 0.2, 0.2)
    new.used -= 3
    assert not new.take(ONE, 0.2)
    new.used -= 1
    assert new.take(ONE, 0.2)


def test_a_process_that_spends_nothing_keeps_nothing():
    new = lease()
    granted(new, more=9)
    assert granted(new, 1.0, head=None).want == [0] * 5
    assert not new.take(ONE, 1.1)


def test_it_wants_as_much_as_it_spends_in_a_lease():
    new = lease()
    granted(new, more=49)
    for _ in range(20):
        assert new.take(ONE, 0.5)
    assert new.question(None, 1.0).want[0] == 40


def test_it_fetches_more_when_half_is_spent():
    new = lease()
    granted(new, more=9)
    assert [new.take(ONE, 0.3) and new.low(0.3) for _ in range(6)] == [False] * 5 + [True]


def test_a_request_above_the_limit_needs_the_limit():
    assert lease().question(requests(500), 0.0).need[0] == 100


def test_a_server_that_knows_nothing_of_the_client_is_told_everything():
    new = lease()
    granted(new, more=9)
    assert new.take(ONE, 0.1)
    granted(new, 0.2, head=None)
    question = new.question(None, 1.0)
    assert (question.epoch, question.batches) == ("first", [])
    assert not new.answered(Answer(epoch="second", known=False, now=1001.0), 1.0, 1.0)
    again = new.question(None, 1.0)
    assert again.epoch == "second"
    assert [amounts for _, entries in again.batches for _, amounts in entries] == [[1, 0, 0, 0]]


def test_one_with_nothing_to_lose_takes_the_server_as_it_is():
    new = lease()
    granted(new)
    granted(new, 1.0, head=None)
    assert new.question(None, 200.0).epoch == ""


def test_it_is_idle_when_nothing_is_held_used_or_in_the_window():
    new = lease(RPM_AND_PLACES)
    assert new.idle(0.0)
    granted(new)
    assert new.take(ONE, 0.0)
    new.used -= 1
    assert not new.idle(30.0)
    assert new.idle(62.0)


def test_a_share_is_kept_to_without_the_server():
    new = lease(RPM_AND_PLACES)
    new.parties = 50
    assert [new.take_share(ONE, 0.0) for _ in range(2)] == [0.0, math.inf]
    new.used = 0
    assert new.take_share(ONE, 1.0) == 0.0
    new.used = 0
    assert new.take_share(ONE, 2.0) == pytest.approx(58.5)


def test_shares_after_uneven_spending_never_come_to_twice_the_limit():
    taken = 0
    for before in (10, 0):  # one had all of the window, and the other knows nothing of that
        one = lease([10.0, NONE, NONE, NONE, NONE])
        one.parties = 2
        for _ in range(before):
            one.spend(ONE, 0.0)
        while one.take_share(ONE, 1.0) == 0:
            taken += 1
    assert taken == 5
    assert 10 + taken < 2 * 10


def test_what_was_taken_beyond_an_estimate_goes_off_the_lease():
    new = lease()
    granted(new, more=9)
    new.correct(requests(8), 0.0, 0.1)
    assert [new.take(ONE, 0.1) for _ in range(3)] == [True, True, False]


def test_a_wait_of_no_time_is_over_for_a_clock_that_is_behind():
    new = lease()
    question = new.question(ONE, 1.0)
    new.answered(answer(question), 1.0, 1.002)
    assert new.outlook(ONE, 1.001).quiet == 0
    assert new.wait_until < 1.001
