from __future__ import annotations

from aiollm.testing.recording.file import Exchange, Piece
from aiollm.testing.recording.scrub import scrubbed

KEY = "canary-0123456789-key"


def test_no_secret_is_left_and_no_length_changes() -> None:
    exchange = Exchange(
        "POST",
        f"/v1/models?key={KEY}&alt=sse",
        [("Authorization", f"Bearer {KEY}"), ("OpenAI-Organization", "org-of-mine-1234"), ("accept", "*/*")],
        b'{"api_key": "hidden one", "max_tokens": 5, "token": "word"}',
        fields=[("set-cookie", "session=abcdefghi"), ("x-ratelimit-remaining-tokens", "100")],
        pieces=[
            Piece(0.1, f"Incorrect key {KEY[:8]}".encode()),
            Piece(0.2, f"{KEY[8:]} sk-abcdefghijklmnopqrstuv".encode()),
        ],
    )
    safe = scrubbed(exchange)
    assert safe.target == "/v1/models?key=***&alt=sse"
    assert safe.request_fields == [("Authorization", "***"), ("OpenAI-Organization", "***"), ("accept", "*/*")]
    assert safe.request_body == b'{"api_key": "**********", "max_tokens": 5, "token": "word"}'
    assert safe.fields == [("set-cookie", "***"), ("x-ratelimit-remaining-tokens", "100")]
    assert [len(piece.data) for piece in safe.pieces] == [len(piece.data) for piece in exchange.pieces]
    assert safe.pieces[0].data == b"Incorrect key ********"
    assert safe.pieces[1].data == b"*" * len(KEY[8:]) + b" " + b"*" * 25


def test_what_is_safe_stays_as_it_is() -> None:
    exchange = Exchange("POST", "/v1", [("content-type", "application/json")], b'{"a": "b"}', pieces=[Piece(0.0, b"x")])
    assert scrubbed(exchange) == exchange
    assert scrubbed(scrubbed(exchange)) == exchange
