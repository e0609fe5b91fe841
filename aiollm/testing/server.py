"""The scripted provider: a server on loopback that answers as it is told and writes down what it saw."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from aiollm.core.runtime import LoopThread
from aiollm.testing.automatic import automatic_answer
from aiollm.testing.connection import Connection, Greeting
from aiollm.testing.log import LoggedRequest
from aiollm.testing.openai_reply import reply
from aiollm.testing.step import Script, Step, checked_steps, require

HOST = "127.0.0.1"
_Result = TypeVar("_Result")


class ProviderServer:
    """A provider on 127.0.0.1 that answers by script, for the tests of anything that calls one.

    Without a script it gives every chat completion a short right answer, streamed or whole as the request asks, and
    every request for embeddings small vectors::

        async with ProviderServer() as server:
            server.reply("Hello!")  # from now on
            server.enqueue(status(429, retry_after=1))  # but first, once, this
            response = await aiollm.acompletion(
                model="openai/any",
                api_base=server.base_url,
                api_key="none",
                messages=[{"role": "user", "content": "Hi"}],
                num_retries=1,
            )
            assert [request.path for request in server.log] == ["/v1/chat/completions"] * 2

    A script is a step or a list of steps, or a function that gets the `LoggedRequest` and returns them::

        server.script([role(), tokens("a b c", gap=0.01), stall(2, heartbeat=0.3), rst()])
        server.script(lambda request: tokens(request.json["messages"][-1]["content"]))

    Nothing needs to be said about HTTP: the first bytes of a body send the head of an event stream, and the end of the
    script ends the body cleanly. Steps such as `headers`, `status`, `cut` or `rst` change that.

    `with ProviderServer() as server` does the same from code without an event loop, on a thread of its own;
    `server.run(server.wait_for_disconnect(0))` waits there. The log stays readable after the end.

    An error in a script (a step that fails, or one that runs longer than `limit`) resets the connection, is kept in
    `errors`, and is raised when the `with` block ends.

    Args:
        port: the port to listen on; 0 takes a free one.
        limit: the longest a script may run, in seconds.
    """

    def __init__(self, *, port: int = 0, limit: float = 60.0) -> None:
        require(limit > 0, f"limit must be more than 0 seconds, not {limit!r}")
        self.limit = limit
        self.log: list[LoggedRequest] = []
        self.errors: list[BaseException] = []
        self.greeting: Greeting = "serve"
        self.connections: int = 0
        self._port = port
        self._open: set[Connection] = set()
        self._scripts: dict[str | None, Script] = {}
        self._queues: defaultdict[str | None, deque[Script]] = defaultdict(deque)
        self._waiters: list[asyncio.Future[None]] = []
        self._listener: asyncio.Server | None = None
        self._thread: LoopThread | None = None

    # Where it is

    @property
    def port(self) -> int:
        """The port it listens on. Raises `RuntimeError` before the start."""
        if not self._port:
            raise RuntimeError("the server has no port yet: use it inside 'async with ProviderServer() as server'")
        return self._port

    @property
    def url(self) -> str:
        """The root, such as `http://127.0.0.1:41234`."""
        return f"http://{HOST}:{self.port}"

    @property
    def base_url(self) -> str:
        """The base URL of an OpenAI-compatible API, such as `http://127.0.0.1:41234/v1`."""
        return f"{self.url}/v1"

    @property
    def open_connections(self) -> int:
        """How many connections are open now; `connections` counts all that were accepted."""
        return len(self._open)

    # What it answers

    def script(self, script: Script, *, path: str | None = None) -> None:
        """Answer every request to a path by this script; without a path, every request that has no script of its own.

        Raises:
            ScriptError: the script cannot work; the message names the step.
        """
        self._scripts[_checked_path(path)] = _checked(script)

    def enqueue(self, *scripts: Script, path: str | None = None) -> None:
        """Answer the next requests by these scripts, one each, before falling back to `script`.

        Raises:
            ScriptError: a script cannot work; the message names the step.
        """
        self._queues[_checked_path(path)].extend([_checked(script) for script in scripts])

    def reply(
        self,
        text: str | None = "",
        *,
        finish_reason: str | None = None,
        usage: Mapping[str, Any] | None = None,
        tool_calls: Sequence[Mapping[str, Any]] = (),
        path: str | None = None,
    ) -> None:
        """Answer every chat completion rightly with this text, streamed or whole; see `reply` for the parts."""
        self.script(reply(text, finish_reason=finish_reason, usage=usage, tool_calls=tool_calls), path=path)

    def on_connect(self, greeting: Greeting) -> None:
        """What a new connection meets: "serve", "silence" (accepted, never read), "fin" or "rst" (closed at once)."""
        known = ("serve", "silence", "fin", "rst")
        require(greeting in known, f"on_connect takes one of {', '.join(known)}, not {greeting!r}")
        self.greeting = greeting

    # What it saw

    async def wait_for(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:
        """Wait until the condition holds; it is looked at whenever a request, an answer or a connection ends.

        Raises:
            TimeoutError: it did not hold within `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.append(waiter)
                    await waiter
        except TimeoutError:
            raise TimeoutError(f"nothing after {timeout:g} s; the server saw {self.log}, {self!r}") from None

    async def wait_for_request(self, index: int = 0, timeout: float = 5.0) -> LoggedRequest:
        """Wait for a request (0 is the first) to arrive, and return its record.

        Raises:
            TimeoutError: it did not come within `timeout` seconds.
        """
        await self.wait_for(lambda: len(self.log) > index, timeout)
        return self.log[index]

    async def wait_for_answer(self, index: int = 0, timeout: float = 5.0) -> LoggedRequest:
        """Wait until a request has been answered, whole or not, and return its record.

        Raises:
            TimeoutError: it had not been, or the request had not come, within `timeout` seconds.
        """
        await self.wait_for(lambda: len(self.log) > index and self._is_over(self.log[index]), timeout)
        return self.log[index]

    async def wait_for_disconnect(self, index: int = 0, timeout: float = 5.0) -> LoggedRequest:
        """Wait until the connection that served a request has ended, and return the request's record.

        Raises:
            TimeoutError: it had not ended, or the request had not come, within `timeout` seconds.
        """
        await self.wait_for(lambda: len(self.log) > index and self._has_ended(self.log[index]), timeout)
        return self.log[index]

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Run one of the waits from code without an event loop, and return its result.

        Raises:
            RuntimeError: the server was not started by a plain `with`.
        """
        if self._thread is None:
            coroutine.close()
            raise RuntimeError("run() belongs to 'with ProviderServer()'; inside 'async with', await the coroutine")
        return self._thread.run(coroutine)

    # Its life

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()
        self._report(error)

    def __enter__(self) -> Self:
        thread = LoopThread("scripted-provider")
        thread.start()
        try:
            thread.run(self._start())
        except BaseException:
            thread.stop()
            raise
        self._thread = thread
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            try:
                self._thread.run(self._stop())
            finally:
                self._thread.stop()
                self._thread = None
        self._report(error)

    async def _start(self) -> None:
        if self._listener is not None:
            raise RuntimeError("the server already runs: enter it once")
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Connection(self), HOST, self._port, backlog=1024)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        # asyncio takes three turns to make a connection of what it accepted, and loses it if the listener closes first.
        for _ in range(3):
            await asyncio.sleep(0)
        listener.close()
        tasks = [connection.task for connection in self._open]
        for connection in list(self._open):
            connection.shut_down()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.wait_for(lambda: not self._open)
        await listener.wait_closed()

    def _report(self, error: BaseException | None) -> None:
        """Raise what went wrong in scripts, or note it on the error that is already on its way."""
        if error is not None:
            for failure in self.errors:
                error.add_note(f"the scripted provider also failed: {failure!r}")
        elif len(self.errors) == 1:
            raise self.errors[0]
        elif self.errors:
            raise BaseExceptionGroup("scripts of the provider server failed", self.errors)

    # What its connections call

    def steps_for(self, request: LoggedRequest) -> tuple[Step, ...]:
        """The steps that answer a request: queued ones first, the path's own before the general."""
        keys = (request.path, None)
        queued = next((self._queues[key].popleft() for key in keys if self._queues[key]), None)
        script = queued or next((self._scripts[key] for key in keys if key in self._scripts), automatic_answer)
        return checked_steps(script(request) if callable(script) else script)

    def opened(self, connection: Connection) -> int:
        """Count a connection in, and give it its number; one that was accepted just before the end is closed."""
        self._open.add(connection)
        self.connections += 1
        if self._listener is None:
            connection.shut_down()
        return self.connections - 1

    def lost(self, connection: Connection) -> None:
        """Count a connection out."""
        self._open.discard(connection)
        self.changed()

    def changed(self) -> None:
        """Let everything that waits look again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _is_over(self, request: LoggedRequest) -> bool:
        return request.finished_at is not None or self._has_ended(request)

    def _has_ended(self, request: LoggedRequest) -> bool:
        return request.connection not in {connection.number for connection in self._open}

    def __repr__(self) -> str:
        place = self.base_url if self._port else "not started"
        return f"<ProviderServer {place}, {len(self.log)} requests, {self.open_connections} connections open>"


def _checked(script: Script) -> Script:
    if callable(script) and not isinstance(script, Step):
        name = getattr(script, "__module__", "")
        require(not name.startswith("aiollm.testing"), f"{script!r} is a function that makes a step: call it")
        return script
    return checked_steps(script)


def _checked_path(path: str | None) -> str | None:
    require(path is None or path.startswith("/"), f"a path begins with '/', unlike {path!r}")
    return path
