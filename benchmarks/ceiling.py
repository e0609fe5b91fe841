"""How fast the upstream is on its own: raw sockets that read and throw away, in the same run as the libraries.

A library measured far below these figures was not held back by the upstream.
"""

import resource
import selectors
import socket
import time
from array import array
from typing import Any

from benchmarks.medians import percentile
from benchmarks.payload import Framing
from benchmarks.provider import Provider

CHUNKS_PER_STREAM = 500
END_OF_BODY = b"data: [DONE]\n\n"
STAMP_BEFORE, STAMP_AFTER = b'"content":"', b'"},'


def saturated_ceiling(provider: Provider, framing: Framing, seconds: float) -> dict[str, float]:
    """Chunks per second over one connection when the client does nothing but ``recv``."""
    request = _request(provider.base_url(CHUNKS_PER_STREAM, framing=framing))
    before, chunks = provider.account(), 0
    with _connect(provider) as connection:
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            connection.sendall(request)
            _drain(connection)
            chunks += CHUNKS_PER_STREAM
        wall = time.monotonic() - start
    after = provider.account()
    return {
        "chunks_per_second": chunks / wall,
        "upstream_cpu_us_per_chunk": 1e6 * (after["cpu_seconds"] - before["cpu_seconds"]) / chunks,
    }


def paced_ceiling(provider: Provider, streams: int, rate: float, chunks: int) -> dict[str, float]:
    """What a bare epoll client sees of ``streams`` paced streams: the upstream's own share of any latency."""
    request = _request(provider.base_url(chunks, rate=rate))
    latencies = array("d")
    before, start = provider.account(), time.monotonic()
    with selectors.DefaultSelector() as selector:
        for number in range(streams):
            _wait_and_read(selector, latencies, until=start + number / streams)
            connection = _connect(provider)
            connection.sendall(request)
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map():
            _wait_and_read(selector, latencies, until=time.monotonic() + 1)
    after = provider.account()
    wall, cpu = after["at"] - before["at"], after["cpu_seconds"] - before["cpu_seconds"]
    return {
        "streams": streams,
        "latency_p50_ms": 1e3 * percentile(latencies, 50),
        "latency_p99_ms": 1e3 * percentile(latencies, 99),
        "upstream_busy": cpu / wall,
        "upstream_cpu_us_per_chunk": 1e6 * cpu / (streams * chunks),
        "late_chunks": (after["late_chunks"] - before["late_chunks"]) / (streams * chunks),
    }


def _wait_and_read(selector: selectors.BaseSelector, latencies: "array[float]", until: float) -> None:
    while (remaining := until - time.monotonic()) > 0 and selector.get_map():
        for key, _ in selector.select(remaining):
            connection: Any = key.fileobj
            data = connection.recv(65_536)
            now = time.monotonic()
            _, found, rest = data.rpartition(STAMP_BEFORE)
            if found and END_OF_BODY not in data and rest[0:1].isdigit():
                latencies.append(now - float(rest.partition(STAMP_AFTER)[0]))
            if not data or END_OF_BODY in data:
                selector.unregister(connection)
                connection.close()


def _connect(provider: Provider) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", provider.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _drain(connection: socket.socket) -> None:
    tail = b""
    while END_OF_BODY not in tail:
        tail = tail[-len(END_OF_BODY) :] + connection.recv(262_144)[-64:]


def _request(base_url: str) -> bytes:
    body = b'{"stream":true}'
    path = "/" + base_url.split("/", 3)[3] + "/chat/completions"
    return b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (path.encode(), len(body), body)


def raise_descriptor_limit() -> None:
    """Allow as many open sockets as the system lets this process have."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
