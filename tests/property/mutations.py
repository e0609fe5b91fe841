"""Replies of real servers, a little broken."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests import ROOT
from tests.corpus.recordings import Recording, is_chat, of_local_servers

OURS: list[Recording] = [
    recording for recording in of_local_servers(ROOT / "tests" / "wiredata", is_chat) if recording.status < 400
]
STREAMS = [recording.body for recording in OURS if recording.streamed]
WHOLE = [recording.body for recording in OURS if not recording.streamed]
LONGEST = 6000  # bytes kept of a reply: its first half and its end
WORDS = [
    *(
        b"\n",
        b"\r",
        b"\n\n",
        b"data: ",
        b"error: ",
        b"event: error\n",
        b"[DONE]",
        b": beat\n\n",
        b"\xff",
        b"\0",
        b'"',
        b"\\",
    ),
    *(b"{", b"}", b"[", b"]", b",", b":", b"null", b"-1", b"1e999", b"true", b'""', b"{}", b"[[]]", b'"\\ud800"'),
    *(b'"index":', b'"tool_calls":', b'"error":', b'"finish_reason":"stop"', b'"usage":', b"\xef\xbb\xbf"),
]


def shortened(body: bytes) -> bytes:
    return body if len(body) <= LONGEST else body[: LONGEST // 2] + body[-LONGEST // 2 :]


@st.composite
def mutated(draw: Any, bodies: list[bytes]) -> bytes:
    """A reply in which up to four places were overwritten, cut out, repeated, or moved."""
    body = shortened(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.sampled_from([0, 1, 1, 3, 20, 300])))
        match draw(st.sampled_from(["overwrite", "cut out", "repeat", "break off", "swap"])):
            case "overwrite":
                body = body[:start] + draw(st.sampled_from(WORDS)) + body[end:]
            case "cut out":
                body = body[:start] + body[end:]
            case "repeat":
                body = body[:end] + body[start:]
            case "break off":
                body = body[: max(start, 40)]
            case "swap":
                body = body[end:] + body[:start]
    return body
