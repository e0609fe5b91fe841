"""Whatever messages are in an AWS event stream: botocore's parser is asked as well."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiollm.exceptions import APIError, EventTooLarge, InvalidChunk
from aiollm.wire.eventstream import parse_headers
from aiollm.wire.frame import Frame
from tests.wire.event_messages import event
from tests.wire.reading import frames


@given(st.data())
def test_botocore_reads_the_same_messages(data: st.DataObject) -> None:
    botocore = pytest.importorskip("botocore.eventstream")
    texts = st.text("abcXYZ-:é", min_size=1, max_size=12)
    sent = data.draw(st.lists(st.tuples(texts, st.binary(max_size=300)), max_size=6))
    body = b"".join(event(name, payload) for name, payload in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    buffer: Any = botocore.EventStreamBuffer()
    theirs = []
    for piece in pieces:
        buffer.add_data(piece)
        theirs += [Frame(read.headers[":event-type"], read.payload) for read in buffer]
    assert frames(pieces) == theirs == [Frame(name, payload) for name, payload in sent]


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_undocumented(data: bytes) -> None:
    for read in (parse_headers, lambda body: frames([body])):
        try:
            read(data)
        except APIError as error:
            assert isinstance(error, InvalidChunk | EventTooLarge)  # noqa: PT017
