from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aiollm.router.affinity import affine, prompt_key, session_key
from aiollm.types.request import Request
from tests.router.fleets import member, members

LONG = {"role": "system", "content": "x" * 5000}
HELLO = {"role": "user", "content": "hello"}


def request(*messages: dict[str, Any], **facts: Any) -> Request:
    return Request(model="m", messages=messages, **facts)


def keys(count: int) -> list[str]:
    return [f"key {number}" for number in range(count)]


def test_all_turns_of_a_conversation_have_one_key() -> None:
    first = prompt_key(request(LONG, HELLO))
    later = prompt_key(request(LONG, HELLO, {"role": "assistant", "content": "hi"}, {"role": "user", "content": "?"}))
    assert first is not None
    assert first == later


def test_another_beginning_or_other_tools_are_another_key() -> None:
    found = {
        prompt_key(request(LONG, HELLO)),
        prompt_key(request(LONG, {"role": "user", "content": "goodbye"})),
        prompt_key(request(LONG, HELLO, params={"tools": [{"type": "function"}]})),
    }
    assert len(found) == 3


def test_a_short_prompt_may_go_anywhere() -> None:
    assert prompt_key(request(HELLO)) is None


def test_a_session_is_named_by_its_cache_key_its_notes_or_its_user() -> None:
    named = {"prompt_cache_key": "k", "user": "u"}
    assert session_key(request(HELLO, params=named, metadata={"session_id": "s"})) == "k"
    assert session_key(request(HELLO, params={"user": "u"}, metadata={"session_id": "s"})) == "s"
    assert session_key(request(HELLO, params={"user": "u"})) == "u"
    assert session_key(request(HELLO)) is None


def test_keys_are_spread_by_weight() -> None:
    among = [member("a"), member("b"), member("c", weight=2.0)]
    found = Counter(affine(among, key).deployment.id for key in keys(2000))
    assert 400 < found["a"] < 600
    assert 900 < found["c"] < 1100


def test_a_member_that_goes_moves_its_own_keys_only() -> None:
    among = members("a", "b", "c", "d")
    before = {key: affine(among, key).deployment.id for key in keys(200)}
    after = {key: affine(among[:-1], key).deployment.id for key in keys(200)}
    assert {key for key in before if before[key] != after[key]} == {key for key in before if before[key] == "d"}


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.text())
def test_no_member_is_given_more_than_a_quarter_above_its_share(busy: list[int], key: str) -> None:
    among = members(*(str(position) for position in range(len(busy))))
    for one, count in zip(among, busy, strict=True):
        one.statistics.in_flight = count
    found = affine(among, key)
    assert found.statistics.in_flight < 1.25 * (sum(busy) + 1) / len(busy) + 1


def test_weightless_members_are_given_calls_when_there_are_no_others() -> None:
    assert affine(members("a", "b", weight=0.0), "key").deployment.id in {"a", "b"}
