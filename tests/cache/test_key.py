"""The key of a call: the same for what is sent the same, another for anything else, and nothing can be read from it."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aiollm.cache.key import cache_key, target_key
from aiollm.providers.identity import AwsKeys
from aiollm.providers.provider import Target
from aiollm.providers.registry import resolve
from aiollm.types.request import Request
from aiollm.types.secret import HiddenText, Secret

REQUEST = Request(
    model="gpt-4o",
    messages=[{"role": "user", "content": "Hi"}],
    params={"temperature": 0.5, "tools": [{"type": "function", "function": {"name": "f"}}]},
    extra_headers={"X-Team": "a"},
    extra_body={"top_k": 4},
    metadata={"user_id": "u"},
)
KEYS = AwsKeys(HiddenText("AKIA"), HiddenText("secret"), HiddenText("session"))


def target(**options: Any) -> Target:
    return resolve("openai/gpt-4o", api_key=Secret("sk-1"), **options)


def key(request: Request = REQUEST, where: str = "t", **more: Any) -> str:
    return cache_key("chat", request, where, **more)


def changed(**members: Any) -> Request:
    return replace(REQUEST, **members)


OTHERS: dict[str, Request] = {
    "model": changed(model="gpt-4o-mini"),
    "a word of a message": changed(messages=[{"role": "user", "content": "Ho"}]),
    "a role": changed(messages=[{"role": "system", "content": "Hi"}]),
    "another message": changed(messages=[*REQUEST.messages, {"role": "user", "content": "Hi"}]),
    "no parameter": changed(params={}),
    "a parameter's value": changed(params={**REQUEST.params, "temperature": 0.6}),
    "another parameter": changed(params={**REQUEST.params, "seed": 1}),
    "a parameter of the provider's": changed(params={**REQUEST.params, "thinking": {"budget_tokens": 5}}),
    "a header": changed(extra_headers={"X-Team": "b"}),
    "a member of the body": changed(extra_body={"top_k": 5}),
    "a parameter as a member of the body": changed(params={**REQUEST.params, "top_k": 4}, extra_body={}),
    "dropping parameters": changed(drop_params=True),
    "a dropped parameter": changed(additional_drop_params=("temperature",)),
    "an allowed parameter": changed(allowed_openai_params=frozenset({"seed"})),
    "the user at the provider": changed(metadata={"user_id": "v"}),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_changes_the_answer_changes_the_key(other: Request) -> None:
    assert key(other) != key()


def test_every_part_of_what_is_asked_is_looked_at() -> None:
    """A member that a request gets some day is either in the table above or here, where it is said why not."""
    without_effect = {"stream", "include_usage", "known", "mock_response"}
    assert {*Request.__struct_fields__} - without_effect == {
        name
        for name in Request.__struct_fields__
        for other in OTHERS.values()
        if getattr(other, name) != getattr(REQUEST, name)
    }


def test_how_the_answer_comes_does_not_change_the_key() -> None:
    streamed = changed(
        stream=True, include_usage=True, params={**REQUEST.params, "stream_options": {"include_usage": 1}}
    )
    assert key(streamed) == key()
    assert key(changed(metadata={"user_id": "u", "trace": 1})) == key()


def test_the_order_of_members_counts_where_it_counts_for_the_answer_only() -> None:
    swapped = changed(
        params=dict(reversed(REQUEST.params.items())), messages=[dict(reversed(REQUEST.messages[0].items()))]
    )
    assert key(swapped) == key()
    schemas = [{"a": {"type": "string"}, "b": {"type": "string"}}, {"b": {"type": "string"}, "a": {"type": "string"}}]
    assert len({key(changed(params={"response_format": {"properties": schema}})) for schema in schemas}) == 2


def test_apis_places_and_namespaces_share_nothing() -> None:
    keys = [key(), cache_key("responses", REQUEST, "t"), key(where="u"), key(namespace="n"), key(where="n")]
    assert len({*keys}) == len(keys)
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in keys)


def test_a_request_that_is_no_json_has_no_key() -> None:
    with pytest.raises(TypeError, match="object cannot be written as JSON"):
        key(changed(params={"odd": object()}))


PLACES: dict[str, Target] = {
    "the key": resolve("openai/gpt-4o", api_key=Secret("sk-2")),
    "the key's end": resolve("openai/gpt-4o", api_key=Secret("sk-1" + "0" * 60)),
    "no key": replace(target(), secret=None),
    "a token in its place": replace(target(), bearer=True),
    "keys to sign with": replace(target(), keys=KEYS),
    "another key to sign with": replace(target(), keys=replace(KEYS, secret_access_key="other")),
    "another session": replace(target(), keys=replace(KEYS, session_token=None)),
    "an option that says who calls": replace(target(), options={"aws_role_name": HiddenText("r")}),
    "the address": target(base_url="http://127.0.0.1:1/v1"),
    "the organization": target(organization="o"),
    "the provider": resolve("groq/gpt-4o", api_key=Secret("sk-1"), base_url="https://api.openai.com/v1"),
    "the model": resolve("openai/gpt-4o-mini", api_key=Secret("sk-1")),
}


def test_every_change_of_the_place_or_the_credentials_is_another_place() -> None:
    keys = {name: target_key(place) for name, place in {**PLACES, "as it is": target()}.items()}
    assert len({*keys.values()}) == len(keys)
    assert target_key(target()) == keys["as it is"]


def test_two_tokens_with_the_same_long_beginning_share_nothing() -> None:
    """Keys made of a token's beginning let one caller see another's (CVE-2026-35030)."""
    tokens = [Secret("t" * 4000 + end) for end in ("a", "b")]
    assert len({target_key(replace(target(), secret=token)) for token in tokens}) == 2


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
MEMBERS = st.dictionaries(st.text(), JSON, max_size=4)


@given(MEMBERS, MEMBERS, MEMBERS, MEMBERS)
def test_two_requests_have_the_same_key_only_if_the_same_is_sent(
    params: dict[str, Any], body: dict[str, Any], other_params: dict[str, Any], other_body: dict[str, Any]
) -> None:
    for members in (params, other_params):
        members.pop("stream_options", None)
    one, other = changed(params=params, extra_body=body), changed(params=other_params, extra_body=other_body)
    sent = [[msgspec.json.encode(sorted(part.items())) for part in (r.params, r.extra_body)] for r in (one, other)]
    assert (key(one) == key(other)) == (sent[0] == sent[1])


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_part_runs_into_the_next(first: str, second: str) -> None:
    assert key(where=first, namespace=second) != key(where=first + second, namespace="")
