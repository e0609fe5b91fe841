"""The pieces of a stream for several readers: what each gets, and what becomes of the changes of others."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest

from aiollm.engine.shared_pieces import SharedPieces
from aiollm.types.chunk import ModelResponseStream, NoChoices
from aiollm.types.origin import Origin
from aiollm.types.record import Record
from aiollm.types.responses import ResponsesAPIResponse, ResponsesStreamEvent

SHARED = Origin(provider="openai")
RICH: dict[str, Any] = {
    "choices": [
        {
            "index": 1,
            "delta": {
                "role": "assistant",
                "content": "so",
                "tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}],
                "function_call": {"name": "g", "arguments": "{}"},
                "audio": {"data": "AAAA", "expires_at": 1.5},
                "images": [{"image_url": {"url": "data:,"}}],
                "thinking_blocks": [{"type": "thinking", "signature": None}],
                "of_the_provider": {"deep": [1, None, True]},
            },
            "logprobs": {"content": [{"token": "so", "logprob": -0.5, "bytes": [115], "top_logprobs": []}]},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 1}, "own": 2},
    "provider_specific_fields": {"x": [{}]},
    "elsewhere": "kept",
}
MARKER = {"action": "restart", "attempt": 2, "provider": "p", "model": "m", "error": "Timeout"}


def chunk(**values: Any) -> ModelResponseStream:
    made = ModelResponseStream(id="c", created=1, model="m", **deepcopy(values))
    made._origin = SHARED
    return made


def decoded(payload: dict[str, Any]) -> ModelResponseStream:
    """A chunk as the fast path has it: what is not known is still in its payload."""
    data = msgspec.json.encode(payload)
    made = msgspec.json.decode(data, type=ModelResponseStream)
    made._rest, made._origin = data, SHARED
    return made


def taken(pieces: SharedPieces, *, last: bool = False) -> list[Any]:
    return pieces.take(SHARED, Origin(provider="own"), last=last)


def kinds(value: Any) -> Any:
    """The types of a value, all the way down."""
    if isinstance(value, Record):
        return type(value), {name: kinds(item) for name, item in value.items()}
    if isinstance(value, list):
        return type(value), [kinds(item) for item in value]
    return type(value)


@pytest.mark.parametrize(
    "made",
    [chunk(**RICH), decoded(RICH), chunk(choices=[], usage=RICH["usage"]), chunk(choices=[{}]), chunk(recovery=MARKER)],
    ids=["rich", "decoded", "usage", "empty", "marker"],
)
def test_who_comes_later_gets_what_the_first_got(made: ModelResponseStream) -> None:
    expected, of_kinds = made.model_dump(), kinds(made)
    pieces = SharedPieces([made])
    (first,), (second,) = taken(pieces), taken(pieces)
    assert first is made
    assert second is not first
    assert second == first
    assert (second.model_dump(), kinds(second)) == (expected, of_kinds)


def test_what_the_first_changes_is_not_seen_by_the_others() -> None:
    pieces = SharedPieces([chunk(**RICH)])
    (first,) = taken(pieces)
    first.choices[0].delta.tool_calls[0].function.arguments = "spoilt"
    first.choices[0].delta.of_the_provider["deep"].append("spoilt")
    first.usage.prompt_tokens = 99
    first.choices.clear()
    second, third = taken(pieces)[0], taken(pieces)[0]
    second.choices[0].delta.content = "spoilt"
    assert third == chunk(**RICH)


def test_a_chunk_has_the_origin_of_its_reader() -> None:
    elsewhere = chunk()
    elsewhere._origin = Origin(provider="before")
    pieces = SharedPieces([chunk(), elsewhere])
    for own, other in (taken(pieces), taken(pieces), taken(pieces)):
        assert own._origin is not SHARED
        assert own._origin.provider == "own"
        assert other._origin.provider == "before"
    assert SHARED.provider == "openai"


def test_a_usage_chunk_can_be_asked_for_its_first_choice_by_all() -> None:
    pieces = SharedPieces([chunk(usage=RICH["usage"])])
    for (piece,) in (taken(pieces), taken(pieces)):
        assert isinstance(piece.choices, NoChoices)
        assert piece.choices[0].delta.content is None


@pytest.mark.parametrize("member", [{"large": 1 << 70}, {"content": ["not", "a text"]}])
def test_what_has_no_bytes_or_is_of_another_kind_than_its_class_says_is_copied(member: dict[str, Any]) -> None:
    pieces = SharedPieces([chunk(choices=[{"delta": member}])])
    first, second = taken(pieces)[0], taken(pieces)[0]
    assert second == first == chunk(choices=[{"delta": member}])
    assert second.choices is not first.choices
    assert (first._origin.provider, len(pieces)) == ("own", 1)


def test_an_event_is_copied_with_the_response_in_it() -> None:
    response = ResponsesAPIResponse(id="r")
    response._origin = SHARED
    pieces = SharedPieces([ResponsesStreamEvent(type="response.completed", response=response)])
    first, second = taken(pieces)[0], taken(pieces, last=True)[0]
    first.response.id = "spoilt"
    assert second.response.id == "r"
    assert first.response._origin.provider == "own"


def test_the_last_gets_the_chunks_themselves_and_nothing_is_kept() -> None:
    made = chunk(**RICH)
    pieces = SharedPieces([made])
    assert taken(pieces, last=True)[0] is made
    assert len(pieces) == 0
