"""In a notebook's cells, by a real kernel: its event loop runs while they do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from aiollm.testing import ProviderServer, done, finish, headers, reply, role, silence, stall, tokens
from tests.programs import environment

pytest.importorskip("ipykernel")
manager = pytest.importorskip("jupyter_client.manager")
pytestmark = pytest.mark.slow

LIMIT = 40.0  # seconds; a kernel starts in two
SETUP = """
import asyncio, os, sys
import aiollm
options = dict(model="openai/scripted", messages=[{"role": "user", "content": "hi"}], api_key="sk-test", stream=True)
"""
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


class Kernel:
    """A kernel whose code calls the server, and a client of it."""

    def __init__(self, server: ProviderServer) -> None:
        self.server = server
        variables = environment(OPENAI_BASE_URL=server.base_url, PYTHONWARNINGS="error::ResourceWarning")
        self.shown: list[dict[str, Any]] = []  # outputs that are no text, in order
        self._manager, self._client = manager.start_new_kernel(startup_timeout=LIMIT, env=variables)
        self.run(SETUP)

    def begin(self, code: str) -> str:
        identity: str = self._client.execute(code)
        return identity

    def end(self, cell: str) -> tuple[str, str | None]:
        """Return what a cell printed, and the name of the error it ended with."""
        printed, error = "", None
        while True:
            message: dict[str, Any] = self._client.get_iopub_msg(timeout=LIMIT)
            content = message["content"]
            if message["parent_header"].get("msg_id") != cell:
                continue
            if message["msg_type"] == "stream":
                printed += content["text"]
            elif message["msg_type"] in ("display_data", "update_display_data"):
                self.shown.append({"kind": message["msg_type"], **content})
            elif message["msg_type"] == "error":
                error = content["ename"]
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed, error

    def run(self, code: str) -> tuple[str, str | None]:
        return self.end(self.begin(code))

    def interrupt(self) -> float:
        """Interrupt what runs, and return when."""
        self._manager.interrupt_kernel()
        return time.monotonic()

    def stop(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.context.destroy(linger=0)


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
