from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiollm.testing.recording.file import Exchange, Piece, read_recording, written_exchange, written_title

TEXT = """\
# A recording of aiollm: https://api.openai.com, 2026-11-26
>>> POST /v1/chat/completions
> content-type: application/json
|{"stream": true}
<<< 200 OK +0.412000
< content-type: text/event-stream
+0.003000
|data: {"id": "1"}
|
|
+0.010000
!data: \\r
!\\xff
=== reset +0.001000
"""


def written(*exchanges: Exchange) -> str:
    return written_title("https://h", "2026-11-26") + "".join(map(written_exchange, exchanges))


def read(text: str, folder: Path) -> list[Exchange]:
    path = folder / "recording.txt"
    path.write_text(text, encoding="utf-8")
    return read_recording(path)


def test_a_file_is_read_as_a_person_reads_it(tmp_path: Path) -> None:
    (exchange,) = read(TEXT, tmp_path)
    assert exchange == Exchange(
        "POST",
        "/v1/chat/completions",
        [("content-type", "application/json")],
        b'{"stream": true}',
        200,
        "OK",
        [("content-type", "text/event-stream")],
        0.412,
        [Piece(0.003, b'data: {"id": "1"}\n\n'), Piece(0.01, b"data: \r\n\xff")],
        "reset",
        0.001,
    )
    assert written_title("https://api.openai.com", "2026-11-26") + written_exchange(exchange) == TEXT


BYTES = st.binary(max_size=30) | st.text(alphabet="ab\n\r\\é\u2028", max_size=10).map(str.encode)


@given(pieces=st.lists(BYTES, max_size=4), body=BYTES, ending=st.sampled_from(["end", "cut", "reset"]))
def test_whatever_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], body: bytes, ending: str
) -> None:
    exchange = Exchange("POST", "/v1", [("a", "")], body, 200, "", [("b", "1: 2")], 0.5)
    exchange.pieces = [Piece(0.25, data) for data in pieces]
    exchange.ending = ending  # type: ignore[assignment]
    assert read(written(exchange, exchange), tmp_path_factory.getbasetemp()) == [exchange, exchange]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("anything", "no recording"),
        (TEXT.replace("=== reset", "=== lost"), r":14: '=== lost \+0.001000' has no place here"),
        (TEXT.replace(">>> POST /v1/chat/completions\n", ""), ":2: "),
        (TEXT.replace("+0.003000", "later"), ":7: 'later'"),
    ],
)
def test_what_is_no_recording_is_told_with_its_line(text: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=fault):
        read(text, tmp_path)
