"""The upstream seen from outside: start it, stop it, say where it is, ask it what it saw."""

import http.client
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.payload import Framing

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Provider:
    """A running upstream."""

    port: int
    loop: str = ""

    def base_url(self, chunks: int, *, rate: float = 0, framing: Framing = "chunked", label: str = "-") -> str:
        """The base URL of streams of ``chunks`` chunks at ``rate`` a second, or all at once when it is 0."""
        return f"http://127.0.0.1:{self.port}/{framing}/{rate:g}/{chunks}/{label}/v1"

    def account(self) -> dict[str, float]:
        """Chunks sent, chunks sent late, CPU seconds used and the time of asking, since the start."""
        account: dict[str, float] = self._get("/account")
        return account

    def log(self, label: str) -> list[dict[str, Any]]:
        """The streams opened under ``label``, in order: when each was opened, when its client left."""
        entries: list[dict[str, Any]] = self._get(f"/log/{label}")
        return entries

    def _get(self, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            return json.load(connection.getresponse())
        finally:
            connection.close()


@contextmanager
def running_provider(python: Path, module: str = "benchmarks.upstream") -> Iterator[Provider]:
    """An upstream in a process of its own, run by ``python``, for the length of the block."""
    command = [str(python), "-m", module]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the benchmark's upstream did not start; its error is printed above")
        try:
            yield Provider(**json.loads(line))
        finally:
            process.stdin.close()
