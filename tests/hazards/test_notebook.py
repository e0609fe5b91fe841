"""In a notebook's cells, by a real kernel: its event loop runs while they do."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from aiollm.testing import ProviderServer, done, finish, headers, reply, role, silence, stall, tokens
from tests.services.kernel import Kernel

pytestmark = pytest.mark.slow

BLOCKING = """
for chunk in aiollm.completion(**options):
    print(chunk.choices[0].delta.content or "", end="")
"""
ASYNCHRONOUS = """
async for chunk in await aiollm.acompletion(**options):
    print(chunk.choices[0].delta.content or "", end="")
"""


MANY = {
    "blocking": "for result in aiollm.map_sync(['a', 'b'], 'openai/scripted', api_key='sk-test'): pass",
    "asynchronous": "async for result in aiollm.map(['a', 'b'], 'openai/scripted', api_key='sk-test'): pass",
}


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with ProviderServer() as server:
        started = Kernel(server)
        try:
            yield started
        finally:
            started.stop()


@pytest.mark.parametrize("code", [BLOCKING, ASYNCHRONOUS], ids=["blocking", "asynchronous"])
def test_a_cell_reads_a_stream_again_and_again(kernel: Kernel, code: str) -> None:
    kernel.server.script([role(), tokens("one two", gap=0.01), finish(), done()])
    for _ in range(3):
        assert kernel.run(code) == ("one two", None)


def test_a_cell_may_break_and_the_next_may_go_on(kernel: Kernel) -> None:
    kernel.server.script([role(), tokens("one two"), stall()])
    seen = len(kernel.server.log)
    assert kernel.run(BLOCKING + "    break") == ("", None)
    assert kernel.run("stream = aiollm.completion(**options)\nnext(stream)\nprint(stream.closed)") == ("False\n", None)
    assert kernel.run("next(stream); print(next(stream).choices[0].delta.content)\nstream.close()") == (" two\n", None)
    for index in (seen, seen + 1):
        assert kernel.server.run(kernel.server.wait_for_disconnect(index)).disconnected_by == "client"


# The kernel cancels an asynchronous cell when its loop wakes next (`await asyncio.sleep(6)` takes its 6 s): a
# provider that is wholly silent does not wake it, one that sends heartbeats does.
@pytest.mark.parametrize(
    ("code", "steps"),
    [
        (BLOCKING, [role(), tokens("one"), stall()]),
        (BLOCKING, silence()),
        (ASYNCHRONOUS, [role(), tokens("one"), stall(heartbeat=0.05)]),
        (ASYNCHRONOUS, [headers(), stall(heartbeat=0.05)]),
    ],
    ids=["blocking", "blocking, before the first content", "asynchronous", "asynchronous, before the first content"],
)
def test_interrupting_the_kernel_closes_the_connection(kernel: Kernel, code: str, steps: object) -> None:
    kernel.server.script(steps)
    seen = len(kernel.server.log)
    cell = kernel.begin(code)
    kernel.server.run(kernel.server.wait_for_request(seen))
    time.sleep(0.2)  # the first chunks have come and are printed, which the server does not see
    interrupted = kernel.interrupt()
    request = kernel.server.run(kernel.server.wait_for_disconnect(seen))
    assert request.disconnected_by == "client"
    assert request.disconnected_at is not None
    assert request.disconnected_at - interrupted < 1
    assert kernel.end(cell)[1] in ("KeyboardInterrupt", "CancelledError")
    assert kernel.run("print('alive')") == ("alive\n", None)


@pytest.mark.parametrize("code", MANY.values(), ids=MANY)
def test_a_job_shows_how_far_it_is_below_its_cell(kernel: Kernel, code: str) -> None:
    kernel.server.script([stall(0.8), reply("Fine.")])
    kernel.shown.clear()
    assert kernel.run(code) == ("", None)
    first, *others = kernel.shown
    assert (first["kind"], first["transient"]["display_id"] != "") == ("display_data", True)
    assert {(shown["kind"], shown["transient"]["display_id"]) for shown in others} == {
        ("update_display_data", first["transient"]["display_id"])
    }
    assert first["data"]["text/plain"].startswith("0 of 2 answered, 2 at a time")
    assert '<progress value="2" max="2"' in others[-1]["data"]["text/html"]
    assert "<b>complete</b>" in others[-1]["data"]["text/html"]
