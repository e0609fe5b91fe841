"""The scripted provider, and every library's process against it: ``python -m benchmarks.failures.matrix JOB``.

Runs under the interpreter of aiollm's own environment, whose ``ProviderServer`` is the provider, and prints every
verdict as one JSON line.
"""

import json
import os
import select
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from aiollm.testing import ProviderServer, reply, status
from benchmarks.failures.peers import PEERS
from benchmarks.failures.scenario import Scenario, Seen, Verdict, judged
from benchmarks.failures.scenarios import groups
from benchmarks.provider import CHECKOUT
from benchmarks.runner import FOREIGN_SETTING

START = 60.0
"""Seconds in which a library must be imported and read its first answer."""

GRACE = 12.0
"""Seconds beyond the bound after which a process that does not answer is ended: it reads twice at the most."""


def main() -> None:
    """Run what the JSON on the command line asks for: the interpreter of each library."""
    pythons: dict[str, str] = json.loads(sys.argv[1])
    with ProviderServer() as elsewhere:
        elsewhere.reply("from elsewhere")
        for name, python in pythons.items():
            with _Process(name, python) as process:
                for group, scenarios in groups(elsewhere).items():
                    for scenario in scenarios:
                        seen, verdict = _cell(scenario, process, elsewhere)
                        row = {"group": group, "scenario": scenario.name, "library": name}
                        print(json.dumps(row | asdict(verdict) | {"seen": seen}), flush=True)


def _cell(scenario: Scenario, process: "_Process", elsewhere: ProviderServer) -> tuple[Seen, Verdict]:
    """Look once, and in a new process again if it was not right: a busy machine must not speak against a library."""
    seen, verdict = _looked(scenario, process, elsewhere)
    if verdict.kind == "right":
        return seen, verdict
    process.end()
    return _looked(scenario, process, elsewhere)


def _looked(scenario: Scenario, process: "_Process", elsewhere: ProviderServer) -> tuple[Seen, Verdict]:
    elsewhere.log.clear()
    with ProviderServer() as server, _place(scenario, server) as base_url:
        server.script(scenario.script)
        if scenario.first is not None:
            server.enqueue(scenario.first)
        seen = process.ask(base_url, scenario) | {"base_url": base_url}
        verdict = judged(scenario, seen, server, elsewhere)
    seen["text"], seen["message"] = seen["text"][:80], seen["message"][:400]
    return seen, verdict


@contextmanager
def _place(scenario: Scenario, server: ProviderServer) -> Iterator[str]:
    """Where the library is told to call."""
    if scenario.place == "refused":
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # bound, and not listening: nobody else can take it
            yield f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    elif scenario.place == "no such name":
        yield "http://no.invalid/v1"
    elif scenario.place == "no TLS":
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _NoTls) as plain:
            threading.Thread(target=plain.serve_forever, daemon=True).start()
            yield f"https://127.0.0.1:{plain.server_address[1]}/v1"
            plain.shutdown()
    else:
        yield server.base_url


class _NoTls(socketserver.BaseRequestHandler):
    """Answers a TLS handshake as web servers do on a port without TLS."""

    def handle(self) -> None:
        self.request.recv(1024)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


class _Process:
    """The process of one library, started by the first question. One that does not answer is ended."""

    def __init__(self, name: str, python: str) -> None:
        self._command = [python, "-m", "benchmarks.failures.worker", name]
        environ = {key: value for key, value in os.environ.items() if not FOREIGN_SETTING.fullmatch(key)}
        self._environ = environ | PEERS[name].environ
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "_Process":
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def ask(self, base_url: str, scenario: Scenario) -> Seen:
        """Have a stream read as a scenario says, and return what was seen."""
        if self._process is None:
            self._start()
        return self._answer(base_url, scenario.way, scenario.retries, scenario.bound)

    def _start(self) -> None:
        """Start it, and let it meet an answer and an error: what it imports at first sight is not what is looked at."""
        self._process = subprocess.Popen(
            self._command,
            cwd=CHECKOUT,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        with ProviderServer() as server:
            server.enqueue(reply("hello"), status(400))
            warm, _ = (self._answer(server.base_url, "read", 0, START) for _ in range(2))
        if warm["text"] != "hello":
            raise SystemExit(f"{' '.join(self._command)} does not work: {warm}")

    def _answer(self, base_url: str, way: str, retries: int, bound: float) -> Seen:
        assert self._process is not None
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None
        assert answers is not None
        job = {"base_url": base_url, "way": way, "retries": retries, "bound": bound}
        questions.write(json.dumps(job).encode() + b"\n")
        if select.select([answers], [], [], bound + GRACE)[0] and (line := answers.readline()):
            seen: Seen = json.loads(line)
            return seen
        self.end()
        return {"text": "", "hung": True, "error": None, "message": "its process did not answer and was ended"}

    def end(self) -> None:
        """End it; the next question starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


if __name__ == "__main__":
    main()
