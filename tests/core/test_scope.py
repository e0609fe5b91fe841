from __future__ import annotations

import asyncio
import threading

import pytest

from aiollm.core.scope import CancelScope
from aiollm.exceptions import StreamCancelled


class Member:
    def __init__(self) -> None:
        self.reasons: list[BaseException] = []
        self.aborted = asyncio.Event()

    def abort(self, reason: BaseException) -> None:
        self.reasons.append(reason)
        self.aborted.set()


async def test_cancelling_aborts_every_member_once() -> None:
    scope = CancelScope(asyncio.get_running_loop())
    members = [Member() for _ in range(3)]
    for member in members:
        scope.attach(member)
    assert not scope.cancelled
    scope.cancel("the user pressed stop")
    scope.cancel("again")
    assert scope.cancelled
    for member in members:
        assert [str(reason) for reason in member.reasons] == ["the user pressed stop"]
        assert isinstance(member.reasons[0], StreamCancelled)


async def test_a_member_that_ended_is_not_aborted() -> None:
    scope = CancelScope(asyncio.get_running_loop())
    member = Member()
    scope.attach(member)
    scope.detach(member)
    scope.detach(member)
    scope.cancel()
    assert member.reasons == []


async def test_a_member_that_comes_late_is_aborted_at_once() -> None:
    scope = CancelScope(asyncio.get_running_loop())
    scope.cancel("too late")
    member = Member()
    scope.attach(member)
    assert [str(reason) for reason in member.reasons] == ["too late"]


async def test_a_member_may_leave_while_it_is_aborted() -> None:
    scope = CancelScope(asyncio.get_running_loop())

    class Leaving(Member):
        def abort(self, reason: BaseException) -> None:
            super().abort(reason)
            scope.detach(self)

    members = [Leaving(), Leaving()]
    for member in members:
        scope.attach(member)
    scope.cancel()
    assert [len(member.reasons) for member in members] == [1, 1]


async def test_another_thread_may_cancel() -> None:
    scope = CancelScope(asyncio.get_running_loop())
    member = Member()
    scope.attach(member)
    thread = threading.Thread(target=scope.cancel_threadsafe, args=("from outside",))
    thread.start()
    await asyncio.wait_for(member.aborted.wait(), 5)
    thread.join()
    assert str(member.reasons[0]) == "from outside"


def test_cancelling_after_the_loop_is_closed_does_nothing() -> None:
    loop = asyncio.new_event_loop()
    scope = CancelScope(loop, deadline=5.0)
    assert scope.deadline == 5.0
    loop.close()
    scope.cancel_threadsafe()
    with pytest.raises(RuntimeError):
        loop.call_soon(print)
    assert not scope.cancelled
