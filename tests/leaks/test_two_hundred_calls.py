"""After 200 calls of a kind, the process has the descriptors, threads and tasks that it had before.

Client and provider share the process. A call either ends its connection or gives it back to the pool: of ten calls at a
time at most ten connections stay, with a descriptor on either side.
"""

from __future__ import annotations

import sys

import pytest

from tests.programs import run

if not sys.platform.startswith("linux"):
    pytest.skip("counts descriptors in /proc", allow_module_level=True)

COUNTING = """
import warnings

asyncio.coroutines._is_debug_mode = lambda: False  # warnings are wanted here, and not loops ten times slower

def held():
    # descriptors and threads
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()

def drop(holder):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        holder.clear()
    assert [warning.category for warning in told] == [ResourceWarning]

RIGHT = [role(), tokens("a b c"), finish(), done()]
SCRIPTS = {
    "whole": RIGHT, "break": [role(), tokens("a b"), stall()], "aclose": [role(), tokens("a b"), stall()],
    "stream": RIGHT, "reset": [role(), tokens("a"), rst()], "cut": [role(), tokens("a"), cut()],
    "refused": status(429), "html": html200(), "error": [role(), error_event("x")],
    "drop": [role(), tokens("a"), stall()],
    "lingering": [role(), tokens("a"), finish(), linger_after_done()], "timeout": silence(), "json": json200(),
    "cancel": [role(), tokens("a"), stall()],
}
kind = sys.argv[1]
CALL["num_retries"] = 0  # a wait between two attempts holds nothing
kept = 10 if kind in ("stream", "refused", "html", "error", "json") else 0  # connections
LIMIT = 0.05 if kind == "timeout" else 20
"""

ASYNC = (
    COUNTING
    + """
async def once(server):
    try:
        stream = await aiollm.acompletion(**CALL, api_base=server.base_url, stream=True, timeout=LIMIT)
        if kind == "aclose":
            await stream.aclose()
        elif kind == "drop":
            holder = [stream]
            del stream
            drop(holder)
        elif kind == "cancel":
            await stream.next_batch()
            task = asyncio.ensure_future(stream.next_batch())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
        else:
            async for chunk in stream:
                if kind == "break":
                    break
    except aiollm.APIError:
        pass

async def main(server):
    async def many(count):
        for _ in range(count // 10):
            await asyncio.gather(*(once(server) for _ in range(10)))

    await many(20)
    await settled(server)
    before = held()
    await many(200)
    await settled(server)
    after = held()
    assert after[0] <= before[0] + 2 * kept and after[1] == before[1], (before, after)

async def settled(server):
    await asyncio.to_thread(server.run, server.wait_for(lambda: server.open_connections <= kept))
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        _, others = await asyncio.wait(others, timeout=5)
    assert not others, others

with ProviderServer() as server:
    server.script(SCRIPTS[kind])
    first = held()
    asyncio.run(main(server))
    server.run(server.wait_for(lambda: server.open_connections == 0))
    last = held()
    assert last[0] <= first[0] and last[1] <= first[1], (first, last)
print("ok")
"""
)

SYNC = (
    COUNTING
    + """
def once():
    try:
        if kind == "whole":
            aiollm.completion(**CALL, api_base=server.base_url, mock_response="x")
            return
        stream = aiollm.completion(**CALL, api_base=server.base_url, stream=True, timeout=LIMIT)
        for chunk in stream:
            if kind == "break":
                break
            if kind == "aclose":
                stream.close()
    except aiollm.APIError:
        pass

with ProviderServer() as server:
    server.script(SCRIPTS[kind])
    for _ in range(10):
        once()
    server.run(server.wait_for(lambda: server.open_connections <= 1))
    before = held()
    for _ in range(200):
        once()
    server.run(server.wait_for(lambda: server.open_connections <= 1))
    after = held()
    assert after[0] <= before[0] + 2 and after[1] == before[1], (before, after)
print("ok")
"""
)

KINDS = ["stream", "break", "aclose", "drop", "cancel", "reset", "cut", "refused", "html", "error", "timeout", "json"]


@pytest.mark.parametrize("kind", [*KINDS, "lingering"])
def test_two_hundred_calls_leave_nothing(kind: str) -> None:
    assert run(ASYNC, kind) == "ok"


@pytest.mark.parametrize("kind", ["whole", "stream", "break", "aclose", "reset", "refused", "error"])
def test_two_hundred_blocking_calls_leave_nothing(kind: str) -> None:
    assert run(SYNC, kind) == "ok"
