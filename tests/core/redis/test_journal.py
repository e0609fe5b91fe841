import pytest

from aiollm.core.redis.journal import SLOTS, Journal

PERIOD = 60.0
SLOT = PERIOD / SLOTS
AHEAD = 1000.0  # the server's clock is so far before ours


def journal(*spent: tuple[float, float]) -> Journal:
    """Return a journal of requests: when, and how many."""
    new = Journal(PERIOD)
    for at, requests in spent:
        new.add([requests, 0, 0, 0], at, at)
    return new


def test_what_was_spent_counts_for_at_least_a_period():
    new = journal((10.0, 3))
    assert new.spent(10.0 + PERIOD)[0] == 3
    assert new.spent(10.0 + PERIOD + SLOT)[0] == 0
    assert not new


def test_a_slot_of_the_server_is_never_before_the_time_of_the_spending():
    for at in (0.0, 0.1, 0.25, 0.4999, 7.77):
        [(_, [(slot, amounts)])] = journal((at, 1)).batches(AHEAD, at)
        assert slot * SLOT >= at + AHEAD - SLOT
        assert (slot + 1) * SLOT > at + AHEAD
        assert amounts == [1, 0, 0, 0]


def test_a_batch_is_repeated_with_its_number_until_it_is_acknowledged():
    new = journal((10.0, 1))
    first = new.batches(AHEAD, 10.0)
    new.add([1, 0, 0, 0], 11.0, 11.0)
    both = new.batches(AHEAD, 11.0)
    assert both[:1] == first
    assert [number for number, _ in both] == [1, 2]
    new.acknowledge(first)
    assert new.batches(AHEAD, 11.0) == both[1:]
    new.acknowledge(both[1:])
    assert new.batches(AHEAD, 11.0) == []


def test_what_is_taken_back_goes_to_the_slot_where_it_was_booked():
    new = journal((10.0, 5))
    [(_, [(slot, _)])] = sent = new.batches(AHEAD, 10.0)
    new.acknowledge(sent)
    new.add([-2, 0, 0, 0], 10.0, 40.0)
    [(_, [(corrected, amounts)])] = new.batches(AHEAD - 0.9 * SLOT, 40.0)
    assert (corrected, amounts) == (slot, [-2, 0, 0, 0])
    assert new.spent(40.0)[0] == 3


def test_what_is_taken_back_too_late_is_left_out():
    new = journal((10.0, 5))
    new.add([-2, 0, 0, 0], 10.0, 10.0 + PERIOD + 2 * SLOT)
    assert new.batches(AHEAD, 10.0 + PERIOD + 2 * SLOT) == []


def test_a_server_without_memory_is_told_what_remains():
    new = journal((10.0, 5), (20.0, 1))
    new.acknowledge(new.batches(AHEAD, 20.0))
    new.add([-2, 0, 0, 0], 10.0, 21.0)
    new.tell_all_again()
    [(number, entries)] = new.batches(0.0, 21.0)
    assert number == 2
    assert [amounts for _, amounts in entries] == [[3, 0, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize(("missing", "wait"), [(0, 0), (2, 70.5), (3, 80.5), (5, 80.5)])
def test_it_tells_when_there_will_be_room(missing: float, wait: float):
    assert journal((10.0, 2), (20.0, 3)).wait_for([missing, 0, 0, 0], 0.0) == pytest.approx(wait)
