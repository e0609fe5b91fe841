"""Whose turn it is."""

from collections import Counter
from itertools import count

from aiollm.core.fair_queue import PASSES, FairQueue, Place


def queue_of(*items: tuple[str, int, str, float], weights: dict[str, float] | None = None) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue(weights or {})
    for name, priority, key, cost in items:
        queue.push(name, priority=priority, key=key, cost=cost)
    return queue


def drained(queue: FairQueue[str]) -> list[str]:
    return [queue.pop() for _ in range(queue.length)]


def test_first_come_first_served():
    assert drained(queue_of(*((name, 1, "", 1.0) for name in "abcdef"))) == [*"abcdef"]


def test_the_most_urgent_class_goes_first():
    assert drained(queue_of(("c", 2, "", 1), ("d", 3, "", 1), ("a", 0, "", 1), ("b", 1, "", 1))) == [*"abcd"]


def test_keys_take_turns_however_many_wait_of_one():
    queue = queue_of(*((f"a{n}", 1, "a", 1.0) for n in range(100)), ("b0", 1, "b", 1.0), ("b1", 1, "b", 1.0))
    assert drained(queue)[:4] == ["a0", "b0", "a1", "b1"]


def test_shares_are_alike_by_cost():
    queue = queue_of(*((f"{key}{n}", 1, key, cost) for key, cost in (("a", 1.0), ("b", 4.0)) for n in range(100)))
    served = Counter(queue.pop()[0] for _ in range(50))
    assert served == {"a": 40, "b": 10}


def test_shares_follow_the_weights():
    queue = queue_of(*((f"{key}{n}", 1, key, 1.0) for key in "ab" for n in range(100)), weights={"a": 3.0})
    assert Counter(queue.pop()[0] for _ in range(40)) == {"a": 30, "b": 10}


def test_a_class_that_is_passed_over_is_served_now_and_then():
    queue = queue_of(("late", 3, "", 1.0), *((f"{n}", 0, "", 1.0) for n in range(100)))
    assert drained(queue).index("late") == 3 * PASSES


def test_even_with_the_most_urgent_always_waiting_every_class_gets_on():
    queue = queue_of(*((str(priority), priority, "", 1.0) for priority in range(4) for _ in range(1000)))
    served = Counter(queue.pop() for _ in range(1000))
    assert served["0"] > 750
    assert served["1"] > served["2"] > served["3"] > 25


def test_new_keys_do_not_starve_one_that_was_served_before():
    queue = queue_of(("first", 1, "old", 10.0), ("second", 1, "old", 10.0))
    assert queue.pop() == "first"
    served = []
    for number in count():
        queue.push(f"new{number}", priority=1, key=f"key{number}", cost=1.0)
        served.append(queue.pop())
        if "second" in served or number > 100:
            break
    assert "second" in served
    assert len(served) <= 25


def test_a_key_gains_nothing_by_leaving_and_coming_back():
    queue = queue_of(*((f"b{n}", 1, "b", 1.0) for n in range(100)))
    served = []
    for _ in range(40):
        place = queue.push("a", priority=1, key="a", cost=1.0)
        served.append(queue.pop())
        if served[-1] != "a":
            queue.remove(place)
    assert served.count("a") <= 20


def test_places_are_left_wherever_they_stand():
    queue: FairQueue[str] = FairQueue({})
    places: list[Place[str]] = [queue.push(f"{n}", priority=1, key=key, cost=1.0) for n, key in enumerate("aabbcc")]
    for place in (places[0], places[3], places[4], places[5]):
        queue.remove(place)
    assert queue.length == 2
    assert drained(queue) == ["1", "2"]
    assert queue.head() is None


def test_what_is_over_is_forgotten():
    queue: FairQueue[str] = FairQueue({})
    for number in range(1000):
        queue.push("left", priority=1, key=f"left{number}", cost=1.0)
        queue.remove(queue.push("served", priority=1, key=f"gone{number}", cost=1.0))
        queue.pop()
    kept = queue._classes[1]
    assert max(len(kept._order), len(kept._due), len(kept._queues)) < 50
