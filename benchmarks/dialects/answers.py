"""The bytes of an answer in each wire format: events of the size and shape that the vendor sends."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from aiollm.testing.tongues.framing import (
    AWS_EVENTS,
    EVENT_STREAM,
    NDJSON,
    Frame,
    aws_event,
    json_line,
    named_event,
    plain_event,
)
from benchmarks.payload import WORDS, http_chunk

Event = tuple[str, dict[str, Any]]
Events = Callable[[int], Iterator[Event]]
"""Takes the number of pieces of text, gives the events of an answer: their names and payloads."""

CREATED = 1716915812
EVENTS_PER_BLOCK = 100


def words(pieces: int) -> Iterator[str]:
    """The pieces of text; numbered, because a library may stop a model that repeats itself."""
    return ((WORDS % number).decode() for number in range(pieces))


def anthropic(pieces: int) -> Iterator[Event]:
    usage = {"input_tokens": 9, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
    message = {"id": "msg_01BenchmarkBenchmark", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}
    ending: dict[str, Any] = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield "message_start", {"type": "message_start", "message": message | ending}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield "content_block_start", block
    yield "ping", {"type": "ping"}
    for text in words(pieces):
        delta = {"type": "text_delta", "text": text}
        yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
    yield "content_block_stop", {"type": "content_block_stop", "index": 0}
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    yield "message_delta", {"type": "message_delta", "delta": stop, "usage": usage | {"output_tokens": pieces}}
    yield "message_stop", {"type": "message_stop"}


def gemini(pieces: int) -> Iterator[Event]:
    for number, text in enumerate(words(pieces), 1):
        content = {"parts": [{"text": text}], "role": "model"}
        candidate = {"content": content, "index": 0} | ({"finishReason": "STOP"} if number == pieces else {})
        prompt = {"promptTokenCount": 9, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}]}
        counts = {"candidatesTokenCount": number, "totalTokenCount": number + 9} | prompt
        origin = {"modelVersion": "gemini-2.5-flash", "responseId": "BenchmarkBenchmarkBench"}
        yield "", {"candidates": [candidate], "usageMetadata": counts} | origin


def converse(pieces: int) -> Iterator[Event]:
    yield "messageStart", {"p": "abcdefghijkl", "role": "assistant"}
    for text in words(pieces):
        yield "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}, "p": "abcdefghijklmnopqr"}
    yield "contentBlockStop", {"contentBlockIndex": 0, "p": "abcdefghijklmn"}
    yield "messageStop", {"p": "abcdefgh", "stopReason": "end_turn"}
    counts = {"inputTokens": 9, "outputTokens": pieces, "totalTokens": pieces + 9}
    yield "metadata", {"metrics": {"latencyMs": 551}, "p": "abcdefghijk", "usage": counts}


def cohere(pieces: int) -> Iterator[Event]:
    opening = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    answer = {"id": "29f14a5a-11de-4cae-9800-25e4747408ea", "type": "message-start"}
    yield "message-start", answer | {"delta": {"message": opening}}
    block = {"message": {"content": {"type": "text", "text": ""}}}
    yield "content-start", {"type": "content-start", "index": 0, "delta": block}
    for text in words(pieces):
        delta = {"message": {"content": {"text": text}}}
        yield "content-delta", {"type": "content-delta", "index": 0, "delta": delta}
    yield "content-end", {"type": "content-end", "index": 0}
    counts = {"input_tokens": 9, "output_tokens": pieces}
    end = {"finish_reason": "COMPLETE", "usage": {"billed_units": counts, "tokens": counts}}
    yield "message-end", {"type": "message-end", "delta": end}


def mistral(pieces: int) -> Iterator[Event]:
    head = {"id": "BenchmarkBenchmarkBenchmark12", "object": "chat.completion.chunk", "created": CREATED}
    head |= {"model": "mistral-small-latest"}

    def chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        return head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield "", chunk({"role": "assistant", "content": ""})
    for text in words(pieces):
        yield "", chunk({"content": text})
    counts = {"prompt_tokens": 9, "total_tokens": pieces + 9, "completion_tokens": pieces}
    yield "", chunk({"content": ""}, "stop") | {"usage": counts}


def ollama(pieces: int) -> Iterator[Event]:
    head = {"model": "llama3.2", "created_at": "2026-11-26T08:04:31.714587Z"}
    for text in words(pieces):
        yield "", head | {"message": {"role": "assistant", "content": text}, "done": False}
    times = {"total_duration": 4883583458, "load_duration": 1334875, "prompt_eval_duration": 342546000}
    counts = {"prompt_eval_count": 26, "eval_count": pieces, "eval_duration": 4535599000}
    ended = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    yield "", head | ended | times | counts


def azure(pieces: int) -> Iterator[Event]:
    safe = {kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "self_harm", "sexual", "violence")}
    head = {"id": "chatcmpl-BenchmarkBenchmarkBenchmark12", "object": "chat.completion.chunk", "created": CREATED}
    head |= {"model": "gpt-4o-2024-08-06", "system_fingerprint": "fp_5f4bad809a"}

    def chunk(delta: dict[str, str], found: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"content_filter_results": found, "delta": delta, "finish_reason": finish, "index": 0}
        return {"choices": [choice | {"logprobs": None}]} | head

    asked = {"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": safe}]}
    yield "", head | asked | {"id": "", "created": 0, "model": ""}
    yield "", chunk({"role": "assistant", "content": ""}, {})
    for text in words(pieces):
        yield "", chunk({"content": text}, safe)
    yield "", chunk({}, {}, "stop")
    counts = {"prompt_tokens": 9, "completion_tokens": pieces, "total_tokens": pieces + 9}
    yield "", head | {"choices": [], "usage": counts}


def responses(pieces: int) -> Iterator[Event]:
    answer = {"id": "resp_BenchmarkBenchmarkBenchmark", "object": "response", "created_at": CREATED, "model": "gpt-5"}
    opened = answer | {"status": "in_progress", "output": [], "parallel_tool_calls": True, "tools": [], "usage": None}
    message = {"id": "msg_BenchmarkBenchmarkBenchmark", "type": "message", "role": "assistant"}
    place = {"item_id": message["id"], "output_index": 0, "content_index": 0}
    whole = {"type": "output_text", "annotations": [], "logprobs": [], "text": "".join(words(pieces))}
    finished = message | {"status": "completed", "content": [whole]}
    counts = {"input_tokens": 9, "output_tokens": pieces, "total_tokens": pieces + 9}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    closed = opened | {"status": "completed", "output": [finished], "usage": counts | details}
    item = message | {"status": "in_progress", "content": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": opened},
        {"type": "response.in_progress", "response": opened},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": whole | {"text": ""}},
        *(
            {"type": "response.output_text.delta", **place, "delta": text, "logprobs": [], "obfuscation": "Yz8mIc"}
            for text in words(pieces)
        ),
        {"type": "response.output_text.done", **place, "text": whole["text"], "logprobs": []},
        {"type": "response.content_part.done", **place, "part": whole},
        {"type": "response.output_item.done", "output_index": 0, "item": finished},
        {"type": "response.completed", "response": closed},
    ]
    for number, event in enumerate(events):
        yield event["type"], event | {"sequence_number": number}


ANSWERS: dict[str, tuple[Events, Frame, str]] = {
    "anthropic": (anthropic, named_event, EVENT_STREAM),
    "gemini": (gemini, plain_event, EVENT_STREAM),
    "converse": (converse, aws_event, AWS_EVENTS),
    "cohere": (cohere, named_event, EVENT_STREAM),
    "mistral": (mistral, plain_event, EVENT_STREAM),
    "ollama": (ollama, json_line, NDJSON),
    "responses": (responses, named_event, EVENT_STREAM),
    "azure": (azure, plain_event, EVENT_STREAM),
}
"""By wire format: its events, how they are framed, and the content type."""
CLOSED_BY_DONE = ("mistral", "azure")


@lru_cache(maxsize=16)
def saturating_blocks(name: str, pieces: int) -> tuple[bytes, ...]:
    """A whole HTTP response of ``pieces`` pieces of text, each event an HTTP chunk, in blocks of many events."""
    events, frame, content_type = ANSWERS[name]
    chunks = [http_chunk(frame(kind, payload)) for kind, payload in events(pieces)]
    if name in CLOSED_BY_DONE:
        chunks.append(http_chunk(b"data: [DONE]\n\n"))
    chunks.append(http_chunk(b""))
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    blocks = [b"".join(chunks[at : at + EVENTS_PER_BLOCK]) for at in range(0, len(chunks), EVENTS_PER_BLOCK)]
    return (head + blocks[0], *blocks[1:])
