from __future__ import annotations

import asyncio
import threading

import pytest

from aiollm.core.scope import CancelScope
from aiollm.exceptions import StreamCancelled


class Member:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.reasons: list[BaseException] = []
        self.aborted = asyncio.Event()

    def abort(self, reason: BaseException) -> None:
        self.reasons.append(reason)
        self.aborted.set()


def attached(scope: CancelScope, count: int = 1) -> list[Member]:
    members = [Member() for _ in range(count)]
    for member in members:
        scope.attach(member)
    return members


def words(member: Member) -> list[str]:
    return [str(reason) for reason in member.reasons]


async def test_cancelling_aborts_every_member_once() -> None:
    scope = CancelScope()
    members = attached(scope, 3)
    assert not scope.cancelled
    scope.cancel("the user pressed stop")
    scope.cancel("again")
    assert scope.cancelled
    assert [words(member) for member in members] == [["the user pressed stop"]] * 3
    assert len({id(member.reasons[0]) for member in members}) == 3
    assert isinstance(members[0].reasons[0], StreamCancelled)


async def test_a_member_that_ended_is_not_aborted() -> None:
    scope = CancelScope()
    (member,) = attached(scope)
    scope.detach(member)
    scope.detach(member)
    scope.cancel()
    assert member.reasons == []


async def test_a_member_that_comes_late_is_aborted_at_once() -> None:
    scope = CancelScope()
    scope.cancel("too late")
    (member,) = attached(scope)
    assert words(member) == ["too late"]


async def test_a_member_may_leave_while_it_is_aborted() -> None:
    scope = CancelScope()

    class Leaving(Member):
        def abort(self, reason: BaseException) -> None:
            super().abort(reason)
            scope.detach(self)

    members = [Leaving(), Leaving()]
    for member in members:
        scope.attach(member)
    scope.cancel()
    assert [len(member.reasons) for member in members] == [1, 1]


async def test_a_scope_aborts_what_is_in_those_within() -> None:
    outer = CancelScope()
    inner = CancelScope(outer)
    (near,), (far,) = attached(inner), attached(outer)
    inner.cancel("the inner")
    assert (words(near), words(far)) == (["the inner"], [])
    outer.cancel("the outer")
    assert words(far) == ["the outer"]


async def test_what_left_an_inner_scope_left_the_outer_too() -> None:
    outer = CancelScope()
    inner = CancelScope(outer)
    (member,) = attached(inner)
    inner.detach(member)
    outer.cancel()
    assert member.reasons == []


async def test_cancelled_is_checked_outwards_only() -> None:
    outer = CancelScope()
    inner = CancelScope(outer)
    inner.cancel()
    outer.check_cancelled()
    outer.cancel("enough")
    with pytest.raises(StreamCancelled, match="enough"):
        CancelScope(outer).check_cancelled()


async def test_another_thread_may_cancel() -> None:
    scope = CancelScope()
    (member,) = attached(scope)
    thread = threading.Thread(target=scope.cancel, args=("from outside",))
    thread.start()
    await asyncio.wait_for(member.aborted.wait(), 5)
    thread.join()
    assert words(member) == ["from outside"]


def test_cancelling_after_the_loop_is_closed_does_nothing() -> None:
    scope = CancelScope()

    async def attach() -> Member:
        return attached(scope)[0]

    member = asyncio.run(attach())
    scope.cancel()
    assert scope.cancelled
    assert member.reasons == []
