"""After 200 calls of a kind, the process holds what it held before: descriptors, tasks, threads, memory."""

from __future__ import annotations

import sys

import pytest

from tests.core.running import run

if not sys.platform.startswith("linux"):
    pytest.skip("counts descriptors in /proc", allow_module_level=True)

COUNTING = """
asyncio.coroutines._is_debug_mode = lambda: False  # warnings are wanted here, and not loops ten times slower

def held():
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()

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
            stream._leave()
            del stream
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
    await server_is_idle(server)
    before, tasks = held(), len(asyncio.all_tasks())
    await many(200)
    await server_is_idle(server)
    after = held()
    assert after[0] <= before[0] + 10 and after[1] == before[1], (before, after)
    assert len(asyncio.all_tasks()) <= tasks, asyncio.all_tasks()

async def server_is_idle(server):
    if kind in ("break", "aclose", "drop", "cancel", "timeout", "lingering", "reset", "cut"):
        await asyncio.to_thread(server.run, server.wait_for(lambda: server.open_connections <= 10))
    await asyncio.sleep(0.05)

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
