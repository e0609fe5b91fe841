"""The lock of what threads share: what a fork copies, and what comes in the middle of an access."""

from __future__ import annotations

import os
import threading

import pytest

from aiollm.core.guard import Guard, noted
from tests.programs import run


class Account:
    def __init__(self) -> None:
        self.seen: list[str] = []
        self._guard = Guard()

    @noted
    def note(self, what: str) -> None:
        self.seen.append(what)

    @noted
    def note_both(self) -> None:
        self.note("two")
        self.seen.append("one")

    @noted
    def forget(self) -> None:
        self.seen.remove("nothing")


def test_a_note_is_taken_at_once() -> None:
    account = Account()
    account.note("one")
    assert account.seen == ["one"]


def test_a_note_in_the_middle_of_an_access_waits_for_its_end() -> None:
    account = Account()
    with account._guard:
        with account._guard:
            account.note("two")
            account.note("three")
        account.seen.append("one")
    assert account.seen == ["one", "two", "three"]


def test_a_note_in_the_middle_of_a_note_comes_after_it() -> None:
    account = Account()
    account.note_both()
    assert account.seen == ["one", "two"]
    with account._guard:
        account.note_both()
        account.note("three")
    assert account.seen == ["one", "two", "one", "three", "two"]


def test_a_note_that_fails_leaves_the_guard_free() -> None:
    account = Account()
    for _ in range(2):
        with pytest.raises(ValueError, match="not in list"):
            account.forget()
        with pytest.raises(ValueError, match="not in list"), account._guard:
            account.forget()
    other = threading.Thread(target=account.note, args=("one",))
    other.start()
    other.join(5)
    assert account.seen == ["one"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_waits_for_no_thread_of_its_parent_and_ends_nothing_of_it() -> None:
    program = """
    from aiollm import Budget, Limiter, MemoryStore, Retry
    from aiollm.middleware.budget import Amount

    limiter, budget, store, retries = Limiter(concurrency=2), Budget(tokens=100), MemoryStore(), Retry().budget
    permit, reserved = asyncio.run(limiter.reserve()._enter()), budget.reserve(0.0, 60)
    begun, over = threading.Event(), threading.Event()

    def hold():
        with limiter._guard, budget._guard, store._guard, retries._guard:
            begun.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # rather than wait for ever
        permit.release()
        reserved.settle(0.0, 50)
        budget.reserve(0.0, 100).settle(0.0, 7)
        asyncio.run(store.get("0"))
        facts = limiter.stats().in_flight, budget.reserved, budget.spent, retries.take(0.0)
        os._exit(facts != (0, Amount(), Amount(0.0, 7), True))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    over.set()
    thread.join()
    print(limiter.stats().in_flight, budget.reserved.tokens)
    """
    options = ("-X", "dev", "-W", "error", "-W", "ignore:This process:DeprecationWarning")
    assert run(program, options=options).split() == ["0", "1", "60"]
