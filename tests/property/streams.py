"""Bodies of event streams that reach the odd places, and ways to cut them."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import strategies as st

from tests.dialects.reading import cut

LINE_ENDS = [b"\n", b"\r", b"\r\n"]
NAMES = [
    b"data:",
    b"data: ",
    b"data",
    b"data :",
    b"Data: ",
    b"event: ",
    b"event",
    b"id: ",
    b"retry: ",
    b": ",
    b":",
    b"junk",
]
VALUES = [
    b"",
    b" ",
    b"a",
    b"  b",
    b"x:y",
    b"[DONE]",
    b'{"a":1}',
    b'{"b":[2]}',
    b'{"a":',
    b"1}",
    b"{",
    b"[1]",
    b"12",
    b"\xef\xbb\xbf",
    "é\u2028b\u2029c\u0085d\x0be\x0cf\x1cg".encode(),
    b"a\0b",
    b"\xff\xc3",
    b"\xe2\x80",
    b"x" * 300,
]
OURS = [b"error: ", b"error:", b"error", b'{"error":{"message":"m"}}', b'{\n"a":1\n}', b"[2]", b" {}"]
WHOLE = [
    b"data: a\n\n",
    b'data: {"a":1}\n\n',
    b'data: {"a":1}\n',
    b"data: {}\ndata: {}\n",
    b"data: [DONE]\n\n",
    b": beat\n\n",
]
STARTS = [b"", b"", b"", b"\xef\xbb\xbf", b"\xef\xbb", b"\xef\xbb\xbf\xef\xbb\xbf", b"\n", b"\r"]

PIECES = st.sampled_from([*LINE_ENDS * 6, b"\n\n", b"\r\n\r\n", b"\r\r", *NAMES, *VALUES, *OURS, *WHOLE * 2])
LINES = st.tuples(st.sampled_from([*NAMES, *OURS[:3]]), st.sampled_from(VALUES), st.sampled_from(LINE_ENDS)).map(
    b"".join
)
BODIES = st.one_of(
    st.tuples(st.sampled_from(STARTS), st.lists(st.one_of(LINES, PIECES), max_size=16).map(b"".join)).map(b"".join),
    st.lists(PIECES, max_size=24).map(b"".join),
    st.binary(max_size=60),
)
LINES_OF_JSON = st.one_of(
    st.lists(st.one_of(PIECES, st.sampled_from([b"\n", b"\r\n", b" ", b"\t", b'{"a":"\xc2\x85"}'])), max_size=16).map(
        b"".join
    ),
    st.binary(max_size=60),
)


def cuts(body: bytes, *, random_cuts: int = 4) -> Iterator[list[bytes]]:
    """Cut a body before and behind every line end and colon, byte by byte, in even pieces, and anywhere."""
    yield [body]
    yield [body[place : place + 1] for place in range(len(body))]
    edges = [place + shift for place, byte in enumerate(body) if byte in b"\r\n:" for shift in (0, 1)]
    yield cut(body, edges)
    yield cut(body, edges[::2])
    yield from (cut(body, range(0, len(body), size)) for size in (2, 3, 7))
    chance = random.Random(body)
    for _ in range(random_cuts):
        places = chance.choices(range(len(body) + 1), k=chance.randint(1, 6))
        yield [b"", *cut(body, places), b""]
