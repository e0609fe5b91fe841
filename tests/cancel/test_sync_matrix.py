"""The same matrix for blocking calls: another thread ends them, or the loop is left, or Ctrl-C is pressed."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

import aiollm
from aiollm.core.runtime import Runtime
from aiollm.sync.thread import loop_thread
from aiollm.testing import ProviderServer
from aiollm.types.timeouts import Timeouts
from tests.cancel.moments import LIMIT, MOMENTS, OPENED, Moment, by_name
from tests.engine.calling import arguments, text_of
from tests.programs import run

CLOSE_SECONDS = 0.1  # how soon the provider must see the end
PATIENCE = 10  # the machine of the test may be busy


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        yield running


async def active() -> int:
    return Runtime.current().pool.statistics()["active"]


def assert_left(server: ProviderServer, since: float) -> None:
    server.run(server.wait_for(lambda: server.open_connections == 0))
    assert time.monotonic() - since <= CLOSE_SECONDS * PATIENCE
    assert all(request.disconnected_by == "client" for request in server.log)
    assert loop_thread().run(active()) == 0


class HeldCall:
    """A blocking stream, read in a thread of its own and held at a moment."""

    def __init__(self, server: ProviderServer, moment: Moment, limits: aiollm.Scope | None = None) -> None:
        self.stream: aiollm.SyncStream | None = None
        self.text = ""
        self._server = server
        self._moment = moment
        self._limits = limits or aiollm.scope()
        self._end: Future[BaseException | None] = Future()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._limits:
                self.stream = aiollm.completion(**prepared(self._server, self._moment))
                while (chunk := next(self.stream, None)) is not None:
                    self.text += text_of([chunk])
        except Exception as error:  # noqa: BLE001  # it is what the test looks at
            self._end.set_result(error)
        else:
            self._end.set_result(None)

    def held(self) -> None:
        limit = time.monotonic() + 5
        while not self._arrived():
            assert time.monotonic() < limit
            time.sleep(0.001)
        time.sleep(0.02)  # what the provider sent last is on its way

    def _arrived(self) -> bool:
        if self._moment.secure:
            return self._server.open_connections == 1
        return self.text == "as far" if self._moment.opened else bool(self._server.log)

    def end(self) -> BaseException | None:
        result = self._end.result(5)
        self._thread.join()
        return result


def prepared(server: ProviderServer, moment: Moment, **options: Any) -> dict[str, Any]:
    """Set the provider up, and return the arguments of the call."""
    server.script(moment.script)
    if moment.secure:
        server.on_connect("silence")
        options["api_base"] = server.base_url.replace("http:", "https:")
    return arguments(server, stream=True, **options)


@by_name(MOMENTS)
def test_the_scope_is_cancelled_by_another_thread(moment: Moment, server: ProviderServer) -> None:
    scope = aiollm.scope()
    call = HeldCall(server, moment, scope)
    call.held()
    since = time.monotonic()
    scope.cancel("stop")
    end = call.end()
    assert isinstance(end, aiollm.StreamCancelled)
    assert (end.partial is not None) == moment.opened
    assert_left(server, since)


@by_name(MOMENTS)
def test_a_clock_runs_out(moment: Moment, server: ProviderServer) -> None:
    clocks = Timeouts(**{moment.clock: LIMIT})
    if moment.name == "at the end":  # the finish reason has come, so the answer is whole
        assert text_of(aiollm.completion(**prepared(server, moment, timeout=clocks))) == "as far"
    else:
        with pytest.raises(aiollm.Timeout) as raised:
            list(aiollm.completion(**prepared(server, moment, timeout=clocks)))
        assert (raised.value.partial is not None) == moment.opened
    assert_left(server, time.monotonic())


@by_name(OPENED)
def test_another_thread_closes_the_stream(moment: Moment, server: ProviderServer) -> None:
    call = HeldCall(server, moment)
    call.held()
    assert call.stream is not None
    since = time.monotonic()
    call.stream.close()
    assert isinstance(call.end(), aiollm.StreamCancelled)
    assert_left(server, since)


@by_name(OPENED)
def test_the_loop_is_left(moment: Moment, server: ProviderServer) -> None:
    stream = aiollm.completion(**prepared(server, moment))
    for chunk in stream:
        if text_of([chunk]) == " far":
            break
    assert_left(server, time.monotonic())
    assert stream.closed


@by_name(OPENED)
def test_the_stream_is_dropped(moment: Moment, server: ProviderServer) -> None:
    stream = aiollm.completion(**prepared(server, moment))
    next(stream)
    del stream
    assert_left(server, time.monotonic())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@by_name(MOMENTS)
def test_ctrl_c_is_pressed(moment: Moment) -> None:
    program = f"""
    from tests.cancel.moments import MOMENTS
    from tests.cancel.test_sync_matrix import prepared

    moment = {MOMENTS.index(moment)}
    with ProviderServer() as server:
        seen, pressed = [], []

        def press():
            while not (server.open_connections if MOMENTS[moment].secure else server.log):
                time.sleep(0.001)
            while MOMENTS[moment].opened and len(seen) < 3:
                time.sleep(0.001)
            time.sleep(0.1)
            pressed.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=press)
        thread.start()
        try:
            for chunk in aiollm.completion(**prepared(server, MOMENTS[moment])):
                seen.append(chunk)
        except KeyboardInterrupt:
            server.run(server.wait_for(lambda: server.open_connections == 0))
            print("left", time.monotonic() - pressed[0] < 1, {{request.disconnected_by for request in server.log}})
        thread.join()
    """
    expected = "set()" if moment.secure else "{'client'}"
    assert run(program) == f"left True {expected}"
