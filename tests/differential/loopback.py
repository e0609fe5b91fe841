"""A server that gives one reply to everybody, so that an official client and ours read the same bytes."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.corpus.recordings import Recording


class Loopback:
    """What the server answers with, and what it was asked.

    Attributes:
        url: its address, without a path.
        status, content_type, body: of the reply.
        seen: the JSON bodies that came, in order.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.status = 200
        self.content_type = "application/json"
        self.body = b"{}"
        self.seen: list[Any] = []

    def answer(self, recording: Recording, stream_type: str) -> None:
        """Answer with a recorded reply from now on."""
        self.status, self.body = recording.status, recording.body
        self.content_type = stream_type if recording.streamed else "application/json"

    def answer_whole(self, body: bytes) -> None:
        """Answer with this JSON from now on."""
        self.status, self.content_type, self.body = 200, "application/json", body


@contextmanager
def loopback() -> Iterator[Loopback]:
    """Run such a server."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(server.status)
            self.send_header("Content-Type", server.content_type)
            self.send_header("Content-Length", str(len(server.body)))
            self.end_headers()
            self.wfile.write(server.body)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as listener:
        server = Loopback(listener.server_port)
        serving = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield server
        listener.shutdown()
        serving.join()
