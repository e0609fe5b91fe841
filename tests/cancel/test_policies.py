"""All policies of a client or a router at once, and every way that a call ends: nothing is left of it."""

from __future__ import annotations

import asyncio
import gc
import math
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Any

import pytest

import aiollm
from aiollm import Budget, Cache, Client, Hedge, Limiter, Retry, Router
from aiollm.core.gate import Gate
from aiollm.core.guard import Guard
from aiollm.engine.attempt import Attempt
from aiollm.middleware.budget import Amount
from aiollm.providers import known_models
from aiollm.testing import (
    ProviderServer,
    comment,
    cut,
    done,
    finish,
    headers,
    role,
    rst,
    silence,
    stall,
    status,
    tokens,
    usage,
)
from aiollm.types.timeouts import Timeouts
from tests.cancel.stepping import cancelled_at
from tests.engine.calling import MESSAGES, collected, pool_facts, text_of
from tests.programs import run

PRICES = {"input_cost_per_token": 1e-4, "output_cost_per_token": 2e-4}
WHOLE = [role(), tokens("as far as it goes"), finish(), usage(10, 5), done()]
BEGUN = [role(), tokens("as far as"), stall()]
SLOW = [headers(), comment(), role(), stall()]
REFUSED = status(401)
BROKEN = [role(), tokens("as far as it"), cut()]
LATE = [stall(0.06), *WHOLE]
TEXT = "as far as it goes"
LIMIT = 0.15  # seconds of a clock that is to run out
KEYS = {"first": "sk-of-the-first", "second": "sk-of-the-second"}


def registered() -> None:
    """Let the models have a price."""
    names = ("mistral/first", "hosted_vllm/second")
    aiollm.register_model({name: {"mode": "chat", "max_output_tokens": 100, **PRICES} for name in names})


@pytest.fixture(autouse=True)
def prices() -> Iterator[None]:
    registered()
    yield
    known_models._registered.cache_clear()


class House:
    """Two providers, the first with a key that the second must not see, and one who asks them under all policies."""

    def __init__(self, kind: str, first: ProviderServer, second: ProviderServer, **more: Any) -> None:
        self.first, self.second = first, second
        self.budget = Budget(usd=100.0, tokens=1_000_000)
        self.limiter = Limiter(concurrency=4, tpm=1_000_000)
        self.ledger: tuple[Attempt, ...] = ()
        policies: dict[str, Any] = {
            "budget": self.budget,
            "limiter": self.limiter,
            "hedge": Hedge(after=0.03, max_extra=1.0),
            "cache": Cache(),
            "single_flight": True,
        } | more
        self.options: dict[str, Any] = {"messages": MESSAGES, "stream_options": {"include_usage": True}}
        if kind == "client":
            self.client: Any = Client(retry=Retry(retries=1), **policies)
            second_one = {"model": "hosted_vllm/second", "api_base": second.base_url, "api_key": KEYS["second"]}
            place = {"model": "mistral/first", "api_base": first.base_url, "api_key": KEYS["first"]}
            self.options |= place | {"fallbacks": [second_one]}
        else:
            limits = {"rpm": 1000, "max_parallel_requests": 3}
            self.client = Router(
                model_list=[
                    {
                        "model_name": group,
                        "litellm_params": {
                            "model": model, "api_base": server.base_url, "api_key": KEYS[id], **limits, **PRICES,
                        },
                        "model_info": {"id": id},
                    }
                    for group, id, model, server in (
                        ("g", "first", "mistral/first", first),
                        ("h", "second", "hosted_vllm/second", second),
                    )
                ],
                fallbacks=[{"g": ["h"]}],
                num_retries=1,
                disable_cooldowns=True,
                **policies,
            )  # fmt: skip
            self.options |= {"model": "g"}

    async def ask(self, **options: Any) -> Any:
        given = self.options | {"stream": True} | options
        if not given["stream"]:
            del given["stream_options"]
        return await self.client.acompletion(**given)

    async def read(self, **options: Any) -> str:
        """Return the text of a stream that is read to its end; what it raises is raised."""
        stream = await self.ask(**options)
        chunks, error = await collected(stream)
        self.ledger = stream.attempts
        if error is not None:
            raise error
        return text_of(chunks)

    @classmethod
    @asynccontextmanager
    async def of(cls, kind: str, first: Any, second: Any, **more: Any) -> AsyncIterator[House]:
        async with ProviderServer() as one, ProviderServer() as other:
            one.enqueue(*first[:-1])
            one.script(first[-1])
            other.script(second)
            yield cls(kind, one, other, **more)

    def guards(self) -> list[Guard]:
        """Return the locks of a router and of its deployments' limiters."""
        if not isinstance(self.client, Router):
            return []
        return [self.client._fleet._guard, *(gate._guard for gate in self.gates())]

    def gates(self) -> list[Gate]:
        """Return the limiters of a router's deployments."""
        made = self.client._limiters._made.values() if isinstance(self.client, Router) else ()
        return [gate for gate in made if gate is not None]

    async def held(self) -> None:
        """Wait until the last attempt is where its provider holds it."""
        await self.until(lambda: bool(self.first.log))
        await asyncio.sleep(0.05)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(2):
            while not condition():  # noqa: ASYNC110  # it is the other end that knows
                await asyncio.sleep(0.001)

    async def assert_left(self) -> None:
        """Nothing is held any more, and what was spent is on the ledger."""
        with suppress(TimeoutError):
            await self.until(lambda: not self._held())
        assert self._held() == []
        for request in (*self.first.log, *self.second.log):
            own = KEYS["first" if request in self.first.log else "second"]
            assert request.headers["authorization"] == f"Bearer {own}"
        if not self.ledger:
            return
        assert [attempt.number for attempt in self.ledger] == [*range(1, len(self.ledger) + 1)]
        assert all(attempt.ended is not None for attempt in self.ledger)
        assert all((attempt.error is not None) == (attempt.ended == "failed") for attempt in self.ledger)
        assert [attempt.cause == "first" for attempt in self.ledger] == [True, *[False] * (len(self.ledger) - 1)]
        answered = [attempt for attempt in self.ledger if attempt.origin is not None or attempt.error is not None]
        # One that lost before it had a connection never came.
        assert len(answered) <= len(self.first.log) + len(self.second.log) <= len(self.ledger)
        known = math.fsum(attempt.cost or 0.0 for attempt in self.ledger)
        if self.budget.estimated.tokens:
            assert self.budget.spent.usd >= known
        else:
            assert self.budget.spent.usd == pytest.approx(known)

    def _held(self) -> list[Any]:
        """Tell what is still held, and by whom."""
        gates = [self.limiter, *self.gates()]
        held: list[Any] = []
        if isinstance(self.client, Router):
            held += [(id, facts) for id, facts in self.client.stats().items() if facts.in_flight]
        held += [(gate, gate.stats()) for gate in gates if gate.stats().in_flight or gate.stats().waiting]
        if pool_facts()["active"]:
            held.append(pool_facts())
        if self.budget.reserved != Amount(0.0, 0):
            held.append(self.budget.reserved)
        connections = self.first.open_connections + self.second.open_connections
        if connections != pool_facts()["idle"]:
            held.append(connections)
        return held


Ending = Callable[[House], Awaitable[None]]


async def read(house: House) -> None:
    assert await house.read() == TEXT


async def read_on(house: House) -> None:
    assert TEXT in await house.read()


async def read_whole(house: House) -> None:
    assert (await house.ask(stream=False)).choices[0].message.content == TEXT


async def leave_the_loop(house: House) -> None:
    stream = await house.ask()
    async for _ in stream:
        break
    house.ledger = stream.attempts


async def close(house: House) -> None:
    async with await house.ask() as stream:
        await anext(stream)
    house.ledger = stream.attempts


async def drop(house: House) -> None:
    stream = await house.ask()
    await anext(stream)
    with pytest.warns(ResourceWarning, match="dropped before its end"):
        del stream


async def cancel(house: House) -> None:
    call = asyncio.create_task(house.read())
    await house.held()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def cancel_twice(house: House) -> None:
    call = asyncio.create_task(house.read())
    await house.held()
    call.cancel()
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def cancel_the_scope(house: House) -> None:
    with aiollm.scope() as scope:
        call = asyncio.create_task(house.read())
    await house.held()
    scope.cancel("stop")
    with pytest.raises(aiollm.StreamCancelled, match="stop"):
        await call


async def move_on(house: House) -> None:
    with aiollm.move_on(total=LIMIT) as scope:
        await house.read()
    assert isinstance(scope.error, aiollm.TotalTimeout)


async def total(house: House) -> None:
    with pytest.raises(aiollm.TotalTimeout) as raised:
        await house.read(timeout=Timeouts(total=LIMIT))
    house.ledger = house.ledger or raised.value.attempts


async def first_token(house: House) -> None:
    with pytest.raises(aiollm.FirstTokenTimeout) as raised:
        await house.read(timeout=Timeouts(first_token=0.05, total=5))
    house.ledger = raised.value.attempts


async def idle(house: House) -> None:
    with pytest.raises(aiollm.IdleTimeout):
        await house.read(timeout=Timeouts(idle=0.05, total=5))


async def follower_leaves(house: House) -> None:
    followers = [asyncio.create_task(house.read()) for _ in range(3)]
    await house.held()
    for follower in followers:
        follower.cancel()
        await asyncio.wait({follower})


async def one_follower_stays(house: House) -> None:
    stays, leaves = [asyncio.create_task(house.read()) for _ in range(2)]
    await house.held()
    leaves.cancel()
    assert await stays == TEXT
    with pytest.raises(asyncio.CancelledError):
        await leaves


def raises(error: type[Exception]) -> Ending:
    async def fail(house: House) -> None:
        with pytest.raises(error) as raised:
            await house.read()
        house.ledger = getattr(raised.value, "attempts", ()) or house.ledger

    fail.__name__ = error.__name__
    return fail


async def cancel_the_second(house: House) -> None:
    """The answer has been taken up again."""
    call = asyncio.create_task(house.read())
    await house.until(lambda: len(house.first.log) == 2)
    await asyncio.sleep(0.03)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


CELLS: list[tuple[str, Any, Any, list[Ending]]] = [
    ("whole", [WHOLE], WHOLE, [read, leave_the_loop, close, drop]),
    ("late", [LATE], WHOLE, [read, one_follower_stays, cancel, cancel_twice]),
    ("silence", [silence()], WHOLE, [cancel, cancel_twice, cancel_the_scope, move_on, total, follower_leaves]),
    ("slow", [SLOW], WHOLE, [cancel, cancel_twice, cancel_the_scope, move_on, total, follower_leaves]),
    ("slow everywhere", [SLOW], SLOW, [first_token]),
    ("begun", [BEGUN], WHOLE, [leave_the_loop, close, drop, cancel, cancel_the_scope, move_on, total, idle]),
    ("503, 401", [status(503)], status(401), [raises(aiollm.ServiceUnavailableError)]),
    ("500, then whole", [status(500), WHOLE], WHOLE, [read]),
    ("401", [status(401)], WHOLE, [read]),
    ("reset", [rst()], WHOLE, [read]),
    ("401, then silence", [status(401)], silence(), [cancel, cancel_the_scope, move_on, total, follower_leaves]),
    ("cut twice, then whole", [BROKEN], WHOLE, [read_on]),
    ("cut everywhere", [BROKEN], BROKEN, [raises(aiollm.StreamInterrupted)]),
    ("cut, then whole", [BROKEN, WHOLE], WHOLE, [read_on]),
    ("cut, then refused", [BROKEN, status(401)], WHOLE, [read_on]),
    ("cut, then refused by all", [BROKEN, status(401)], status(401), [raises(aiollm.StreamInterrupted)]),
    ("cut, then silence", [BROKEN, silence()], silence(), [cancel_the_second, move_on, total]),
    ("cut, then begun", [BROKEN, BEGUN], silence(), [cancel_the_second, move_on, total]),
]
"""What the first and the second provider do, and the ways that a call of it ends."""


ALL = [
    pytest.param(mid_stream, first, second, ending, id=f"{name}-{mid_stream}-{ending.__name__}")
    for name, first, second, endings in CELLS
    for mid_stream in (("restart", "continue") if "cut" in name else ("never",))
    for ending in endings
]


@pytest.mark.parametrize("kind", ["client", "router"])
@pytest.mark.parametrize(("mid_stream", "first", "second", "ending"), ALL)
async def test_nothing_is_left(kind: str, mid_stream: str, first: Any, second: Any, ending: Ending) -> None:
    async with House.of(kind, first, second, mid_stream=mid_stream) as house:
        async with asyncio.timeout(10):
            await ending(house)
        await house.assert_left()


STEPS = [
    ("late", [LATE], WHOLE),
    ("503, then late", [status(503), LATE], WHOLE),
    ("401", [status(401)], LATE),
    ("cut, then late", [BROKEN, LATE], WHOLE),
]


@pytest.mark.parametrize("kind", ["client", "router"])
@pytest.mark.parametrize("single_flight", [False, True])
@pytest.mark.parametrize(("first", "second"), [pytest.param(*rest, id=name) for name, *rest in STEPS])
def test_cancelled_at_any_step_nothing_is_left(kind: str, single_flight: bool, first: Any, second: Any) -> None:
    async def came_so_far(step: int) -> bool:
        async with House.of(kind, first, second, mid_stream="restart", single_flight=single_flight) as house:
            came = await cancelled_at(step, house.read())
            await house.assert_left()
        return came

    steps = next(step for step in range(1, 60) if not asyncio.run(came_so_far(step)))
    assert steps > 1


@pytest.mark.parametrize("kind", ["client", "router"])
async def test_an_answer_that_is_collected_in_the_middle_of_an_access_ends_after_it(kind: str) -> None:
    async with House.of(kind, [BEGUN], WHOLE) as house:
        cycle = [await house.ask()]
        cycle.append(cycle)
        guards = [house.limiter._guard, house.budget._guard, *house.guards()]
        with ExitStack() as inside:
            for guard in guards:
                inside.enter_context(guard)
            del cycle
            with pytest.warns(ResourceWarning, match="dropped before its end"):
                gc.collect()
            await asyncio.sleep(0)  # a shared answer is closed by its own task
        await house.assert_left()


@pytest.mark.parametrize("kind", ["client", "router"])
def test_loops_one_after_another_and_threads_at_once_share_one_account(kind: str) -> None:
    threads, runs = 3, 2
    with ProviderServer() as first, ProviderServer() as second, ThreadPoolExecutor(threads + 1) as pool:
        first.script(WHOLE)
        house = House(kind, first, second, single_flight=False, cache=None)

        def asynchronous() -> list[str]:
            return [asyncio.run(house.read()) for _ in range(runs)]

        def blocking() -> list[str]:
            return [text_of(house.client.completion(**house.options, stream=True)) for _ in range(runs)]

        texts = [pool.submit(work) for work in (blocking, *[asynchronous] * threads)]
        assert [text.result(30) for text in texts] == [[TEXT] * runs] * (threads + 1)
        assert {(gate.stats().in_flight, gate.stats().waiting) for gate in (house.limiter, *house.gates())} == {(0, 0)}
        assert house.budget.reserved == Amount(0.0, 0)
        assert house.budget.spent.tokens >= (threads + 1) * runs * 15  # a hedge that lost has been sent its prompt


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("kind", ["client", "router"])
@pytest.mark.parametrize("script", ["SLOW", "BEGUN"])
def test_ctrl_c_leaves_nothing(kind: str, script: str) -> None:
    program = f"""
    from aiollm.middleware.budget import Amount
    from tests.cancel.test_policies import BEGUN, SLOW, House, registered

    registered()
    with ProviderServer() as first, ProviderServer() as second:
        first.script({script})
        house = House("{kind}", first, second)

        def press():
            first.run(first.wait_for_request(0))
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=press)
        thread.start()
        try:
            for chunk in house.client.completion(**house.options, stream=True):
                pass
        except KeyboardInterrupt:
            first.run(first.wait_for(lambda: first.open_connections == 0))
            limit = time.monotonic() + 5
            while house.budget.reserved != Amount() and time.monotonic() < limit:
                time.sleep(0.01)
            gates = [house.limiter, *house.gates()]
            print([gate.stats().in_flight + gate.stats().waiting for gate in gates], house.budget.reserved)
        thread.join()
    """
    gates = [0] if kind == "client" else [0, 0]
    assert run(program) == f"{gates} {Amount()}"
