"""How long a gateway takes from its start to its first answer."""

import http.client
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing

from benchmarks.proxy.line import request
from benchmarks.proxy.load import PATH
from benchmarks.proxy.models import WHOLE
from benchmarks.proxy.process import NotStartedError, wait_for_port

START_LIMIT = 120.0


def wait_for_answer(process: subprocess.Popen[bytes], port: int, key: str, headers: Mapping[str, str]) -> float:
    """Ask until there is a right answer, and return how many seconds have passed since the call.

    Raises:
        NotStartedError: there was none.
    """
    began = time.monotonic()
    refusal = "it never answered"
    while (passed := time.monotonic() - began) < START_LIMIT:
        wait_for_port(port, process, START_LIMIT - passed)
        try:
            status, told = _asked(port, request(WHOLE, key, headers, stream=False, path=PATH))
        except (OSError, http.client.HTTPException) as error:
            refusal = f"{type(error).__name__}: {error}"
        else:
            if status == 200:
                return time.monotonic() - began
            refusal = f"{status}: {told[:200].decode(errors='replace')}"
            if 400 <= status < 500:
                break
        time.sleep(0.02)
    raise NotStartedError(f"it gave no answer: {refusal}")


def _asked(port: int, sent: bytes) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.connect()
        connection.sock.sendall(sent)
        reply = http.client.HTTPResponse(connection.sock)
        reply.begin()
        return reply.status, reply.read()
