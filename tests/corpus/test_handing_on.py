"""Recorded streams handed on by the proxy: what a client reads of them, and what is accounted for."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from aiollm.dialects.openai import OpenAI
from aiollm.exceptions import APIError
from aiollm.outbound.chat_frames import ChatFrames
from aiollm.wire.alike import Run
from tests.corpus.recordings import Recording, frame_edges, recordings
from tests.dialects.reading import context, cut, read, request
from tests.proxy.inbound.answers import content

STREAMS = [recording for recording in recordings() if recording.streamed and recording.status < 400]


def handed_on(pieces: list[bytes]) -> tuple[bytes, Any]:
    """What a client gets of a stream that arrives in these pieces, and the account of it."""
    wanted = request(include_usage=True)
    dialect, writer = OpenAI(), ChatFrames("alias")
    framer, decoder = dialect.framer(), dialect.decoder(wanted, context(wanted))
    told = []
    feeds = [framer.feed(piece) for piece in pieces]
    try:
        for frame in itertools.chain(*feeds, framer.finish()):
            if isinstance(frame, Run):
                decoder.take_run(frame)
                told.append(writer.feed(frame))
            else:
                told += map(writer.feed, decoder.feed(frame))
            framer.alike = writer.alike
        told += map(writer.feed, decoder.finish())
        told.append(writer.finish())
    except APIError:
        pass
    return b"".join(told), (decoder.partial(), decoder.usage, decoder.finish_reason, decoder.finished)


@pytest.mark.parametrize("recording", STREAMS, ids=lambda recording: recording.name)
def test_a_client_reads_what_the_provider_said_and_nothing_is_lost_to_the_account(recording: Recording) -> None:
    body = recording.body
    plain = read([body], include_usage=True)
    for pieces in ([body], cut(body, frame_edges(body))):
        data, account = handed_on(pieces)
        decoder = plain.decoder
        assert account == (decoder.partial(), decoder.usage, decoder.finish_reason, decoder.finished)
        again = content(read([data], include_usage=True).chunks)
        assert again == content(plain.chunks)
        assert b'"model":"alias"' in data.replace(b'"model": ', b'"model":') or not plain.chunks
