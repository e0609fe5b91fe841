"""The upstream of the fan-out: a whole reply takes its turn where the base URL has a rate, so many a second.

Run ``python -m benchmarks.fanout.upstream`` as :mod:`benchmarks.upstream` is run.
"""

import asyncio
from functools import partial

from benchmarks import payload
from benchmarks.upstream import Connection, Upstream, main


class Capacity:
    """Serves so many a second, evenly: what comes while others wait is served after them."""

    def __init__(self) -> None:
        self._next = 0.0

    def turn(self, now: float, rate: float) -> float:
        """Return when a request that comes now is served."""
        self._next = max(now, self._next + 1 / rate)
        return self._next


class LimitedConnection(Connection):
    """Answers whole replies no faster than the capacity allows."""

    def __init__(self, capacity: Capacity, upstream: Upstream) -> None:
        super().__init__(upstream)
        self._capacity = capacity

    def answer(self, path: list[str], *, streaming: bool) -> None:
        rate = 0.0 if streaming or len(path) < 4 else float(path[1])
        if not rate:
            super().answer(path, streaming=streaming)
            return
        loop = asyncio.get_running_loop()
        loop.call_at(self._capacity.turn(loop.time(), rate), self._reply)

    def _reply(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(payload.json_response(payload.WHOLE_REPLY))


if __name__ == "__main__":
    main(partial(LimitedConnection, Capacity()))
