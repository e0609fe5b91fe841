"""A gateway that runs, with a key to ask it with; while another has its turn it stands still."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.proxy.gateways import MASTER, Gateway, Place
from benchmarks.proxy.load import Target
from benchmarks.proxy.process import NotStartedError, free_port, started
from benchmarks.proxy.starting import wait_for_answer


@dataclass(frozen=True)
class Running:
    """A gateway, or the upstream itself.

    Attributes:
        target: whom the load asks.
        seconds: from its start to its first answer.
    """

    target: Target
    seconds: float = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let it go on for the length of the block."""
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self.rest()

    def rest(self) -> None:
        """Have it stand still until its next turn."""
        self._signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it at once, with all its children."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.target.process is not None:
            os.killpg(self.target.process, number)


@contextmanager
def running(gateway: Gateway, program: Path, upstream: int) -> Iterator[Running]:
    """Start a gateway before the upstream on that port, wait for its first answer, and end it with the block.

    Raises:
        NotStartedError: there was no answer.
    """
    with TemporaryDirectory() as folder:
        place = Place(program, Path(folder), free_port(), f"http://127.0.0.1:{upstream}")
        headers = dict(gateway.headers(place.upstream))
        try:
            with started(gateway.command(place), place.folder, gateway.environ) as process:
                seconds = wait_for_answer(process, place.port, MASTER, headers)
                key = gateway.key(f"http://127.0.0.1:{place.port}")
                yield Running(Target(place.port, key, headers, process.pid), seconds)
        except NotStartedError as error:
            raise NotStartedError(str(error).replace(folder, "")) from None
