"""The bytes the benchmark's provider sends: events of the size and shape OpenAI sends, in either body framing.

Every content event has the same length, so a body's length and the header of every HTTP chunk are known beforehand.
"""

import json
from functools import lru_cache
from typing import Literal

Framing = Literal["chunked", "length"]
"""``chunked``: one HTTP chunk per event, as providers send. ``length``: Content-Length, which lets reads grow big."""

EVENTS_PER_BLOCK = 1_000
STAMP = b"%018.6f"
WORDS = b" fox number %06d"  # as wide as a stamp; numbered, because a library may stop a model that repeats itself

_CHUNK = (
    b'{"id":"chatcmpl-BenchmarkBenchmarkBenchmark12","object":"chat.completion.chunk","created":1716915812,'
    b'"model":"bench-2024-08-06","service_tier":"default","system_fingerprint":"fp_5f4bad809a",'
    b'"choices":[%b],"usage":%b}'
)
_CHOICE = b'{"index":0,"delta":%b,"logprobs":null,"finish_reason":%b}'
_DETAILS: dict[str, dict[str, int]] = {
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
_USAGE = b'{"prompt_tokens":9,"completion_tokens":%%d,"total_tokens":%%d,%b' % json.dumps(
    _DETAILS, separators=(",", ":")
).encode().removeprefix(b"{")

WHOLE_REPLY = json.dumps(
    {
        "id": "chatcmpl-BenchmarkBenchmarkBenchmark12",
        "object": "chat.completion",
        "created": 1716915812,
        "model": "bench-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "The quick brown fox jumps over the lazy dog. " * 4,
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 40, "total_tokens": 49, **_DETAILS},
        "service_tier": "default",
        "system_fingerprint": "fp_5f4bad809a",
    },
    separators=(",", ":"),
).encode()


def http_chunk(data: bytes) -> bytes:
    """A piece of a body as an HTTP chunk; without data it is the body's end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(data: bytes, framing: Framing) -> bytes:
    event = b"data: %b\n\n" % data
    return http_chunk(event) if framing == "chunked" else event


def _chunk(choices: bytes, usage: bytes = b"null") -> bytes:
    return _CHUNK % (choices, usage)


def content_event(text: bytes, framing: Framing) -> bytes:
    """One event with a piece of the answer, about 300 bytes long."""
    return _event(_chunk(_CHOICE % (b'{"content":"%b"}' % text, b"null")), framing)


@lru_cache(maxsize=2)
def content_template(framing: Framing) -> bytes:
    """A ``%`` template for :func:`content_event` that takes a monotonic time in seconds."""
    return content_event(WORDS % 0, framing).replace(WORDS % 0, STAMP)


@lru_cache(maxsize=2)
def opening_event(framing: Framing) -> bytes:
    """The role event that comes before any content."""
    return _event(_chunk(_CHOICE % (b'{"role":"assistant","content":""}', b"null")), framing)


def closing_events(chunks: int, framing: Framing) -> bytes:
    """Finish reason, usage, ``[DONE]`` and, where the framing has one, the body's end."""
    finish = _event(_chunk(_CHOICE % (b"{}", b'"stop"')), framing)
    usage = _event(_chunk(b"", _USAGE % (chunks, chunks + 9)), framing)
    return finish + usage + _event(b"[DONE]", framing) + (http_chunk(b"") if framing == "chunked" else b"")


def stream_head(chunks: int, framing: Framing) -> bytes:
    """Status line and headers of a stream of ``chunks`` content events."""
    if framing == "chunked":
        body = b"transfer-encoding: chunked"
    else:
        opening, closing = len(opening_event(framing)), len(closing_events(chunks, framing))
        body = b"content-length: %d" % (opening + chunks * len(content_event(WORDS % 0, framing)) + closing)
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n%b\r\n\r\n" % body


@lru_cache(maxsize=16)
def saturating_blocks(chunks: int, framing: Framing) -> tuple[bytes, ...]:
    """A whole response, in blocks of at most ``EVENTS_PER_BLOCK`` events that share their memory."""
    full, rest = divmod(chunks, EVENTS_PER_BLOCK)
    opening = stream_head(chunks, framing) + opening_event(framing)
    closing = _content_events(rest, framing) + closing_events(chunks, framing)
    if not full:
        return (opening + closing,)
    return (opening, *(_content_events(EVENTS_PER_BLOCK, framing),) * full, closing)


def _content_events(chunks: int, framing: Framing) -> bytes:
    return b"".join(content_event(WORDS % number, framing) for number in range(chunks))


def json_response(body: bytes) -> bytes:
    """A whole HTTP response with a JSON body."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
