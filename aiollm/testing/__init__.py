"""Test what calls a provider, against a scripted one on loopback.

`ProviderServer` is the server; the functions are the steps its scripts are made of::

    from aiollm.testing import ProviderServer, cut, role, tokens

    async with ProviderServer() as server:
        server.script([role(), tokens("a stream that breaks off"), cut()])
        ...  # point the code under test at server.base_url
        request = await server.wait_for_disconnect(0)

`record` writes down what a real provider answers, and `replay` answers from that. `run_in_virtual_time` runs a test of
what waits without the waiting, and `no_leaks` finds what is left open. Under pytest,
`llm_server`, `assert_no_leaks` and `virtual_clock` are fixtures.
"""

from aiollm.testing.delivery_steps import bomb, bytewise, cr, crlf, cut_at, deflate, drip, gzip, split
from aiollm.testing.embedding_steps import embeddings
from aiollm.testing.ending_steps import (
    close_after_response,
    close_on_next_request,
    cut,
    fin,
    linger,
    rst,
    silence,
    stall,
    trailers,
)
from aiollm.testing.event_steps import (
    bad_json,
    bom,
    comment,
    event,
    id_only,
    multiline,
    raw,
    retry_only,
    unterminated,
    wire,
)
from aiollm.testing.exchange import Exchange
from aiollm.testing.head_steps import (
    close_delimited,
    content_length,
    empty200,
    headers,
    html200,
    http10,
    informational,
    no_content,
    redirect,
    status,
)
from aiollm.testing.leaks import LeakError, no_leaks
from aiollm.testing.log import Headers, LoggedRequest
from aiollm.testing.openai_reply import json200, reply
from aiollm.testing.openai_steps import (
    chunk,
    delta,
    done,
    error_event,
    finish,
    giant,
    interleaved,
    linger_after_done,
    reasoning,
    refusal,
    role,
    tokens,
    tool_call,
    usage,
)
from aiollm.testing.recording.record import record
from aiollm.testing.recording.replay import replay
from aiollm.testing.server import ProviderServer
from aiollm.testing.step import Script, ScriptError, Step, Steps
from aiollm.testing.tool_shapes import EXPECTED_TOOL_CALLS, TOOL_SHAPES, tool_deltas
from aiollm.testing.virtual_clock import VirtualClockLoop, run_in_virtual_time

__all__ = [
    "EXPECTED_TOOL_CALLS",
    "TOOL_SHAPES",
    "Exchange",
    "Headers",
    "LeakError",
    "LoggedRequest",
    "ProviderServer",
    "Script",
    "ScriptError",
    "Step",
    "Steps",
    "VirtualClockLoop",
    "bad_json",
    "bom",
    "bomb",
    "bytewise",
    "chunk",
    "close_after_response",
    "close_delimited",
    "close_on_next_request",
    "comment",
    "content_length",
    "cr",
    "crlf",
    "cut",
    "cut_at",
    "deflate",
    "delta",
    "done",
    "drip",
    "embeddings",
    "empty200",
    "error_event",
    "event",
    "fin",
    "finish",
    "giant",
    "gzip",
    "headers",
    "html200",
    "http10",
    "id_only",
    "informational",
    "interleaved",
    "json200",
    "linger",
    "linger_after_done",
    "multiline",
    "no_content",
    "no_leaks",
    "raw",
    "reasoning",
    "record",
    "redirect",
    "refusal",
    "replay",
    "reply",
    "retry_only",
    "role",
    "rst",
    "run_in_virtual_time",
    "silence",
    "split",
    "stall",
    "status",
    "tokens",
    "tool_call",
    "tool_deltas",
    "trailers",
    "unterminated",
    "usage",
    "wire",
]
