"""Answers that nobody was asked for: from the cache, as what a call would have given."""

from __future__ import annotations

from aiollm import dialects
from aiollm.cache.entry import Entry
from aiollm.dialects.base import Context
from aiollm.dialects.split import split_answer
from aiollm.engine.answer import WholeReply
from aiollm.engine.call import Call
from aiollm.engine.events import EventStream
from aiollm.engine.stream import ChunkStream
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.origin import Origin
from aiollm.wire.http import ReplyHead

__all__ = ["replayed_chat", "replayed_embeddings", "replayed_events"]

_HEAD = ReplyHead(200)


def replayed_chat(call: Call, entry: Entry) -> ChunkStream:
    """Return a kept answer as a finished stream, and its chunks where the call streams."""
    context = _context(call, entry)
    entry.answer._origin = context.origin
    chunks = split_answer(entry.answer, context, call.request) if call.request.stream else ()
    return ChunkStream.replay(call, _HEAD, context.origin, entry.answer, chunks)


def replayed_events(call: Call, entry: Entry) -> EventStream:
    """Return a kept response as a finished stream, and its events where the call streams."""
    context = _context(call, entry)
    entry.answer._origin = context.origin
    events = dialects.ResponsesAPI().split(entry.answer, context, call.request) if call.request.stream else ()
    return EventStream.replay(call, _HEAD, context.origin, entry.answer, events)


def replayed_embeddings(call: Call, entry: Entry) -> WholeReply[EmbeddingResponse]:
    """Return kept vectors as a reply."""
    origin = entry.answer._origin = _context(call, entry).origin
    return WholeReply(call, entry.answer, _HEAD, entry.answer.usage, origin)


def _context(call: Call, entry: Entry) -> Context:
    target = call.target
    origin = Origin(call.request.include_usage, target.provider.name, target.endpoint.url)
    origin.served_model, origin.cache_hit = entry.served_model, True
    return Context(target.endpoint, int(entry.stored), str, origin)
