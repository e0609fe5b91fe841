"""Signing."""

from aiollm.providers import Provider, Target, authenticate
from aiollm.types.endpoint import Endpoint
from aiollm.types.secret import HiddenText, Secret

ENDPOINT = Endpoint(provider="x", url="https://h/chat/completions")
KEY = "k3y-of-somebody"


def target(**members: object) -> Target:
    return Target(Provider(name="x", **members), "m", ENDPOINT, Secret(KEY))  # type: ignore[arg-type]


def test_a_key_becomes_a_bearer_header() -> None:
    headers = {"Accept": "text/event-stream"}
    assert authenticate(headers, target()) == {"Accept": "text/event-stream", "Authorization": f"Bearer {KEY}"}
    assert headers == {"Accept": "text/event-stream"}


def test_a_row_may_sign_in_its_own_way() -> None:
    signed = authenticate({}, target(auth={"Authorization": "Key {key}", "X-Also": "{key}"}))
    assert signed == {"Authorization": f"Key {KEY}", "X-Also": KEY}


def test_a_signed_header_does_not_show_the_key() -> None:
    signed = authenticate({}, target(auth={"Authorization": "Bearer {key}", "X-Also": "{key}"}))
    assert all(isinstance(value, HiddenText) for value in signed.values())
    assert KEY not in repr(signed)


def test_a_header_of_the_callers_wins() -> None:
    assert authenticate({"authorization": "Bearer theirs"}, target()) == {"authorization": "Bearer theirs"}


def test_without_a_key_nothing_is_signed() -> None:
    assert authenticate({"A": "1"}, Target(Provider(name="x"), "m", ENDPOINT)) == {"A": "1"}


def test_a_key_that_begins_in_another_way_may_be_carried_in_another_way() -> None:
    members = {"auth": {"X-Key": "{key}"}, "auth_for": {"k3y-": {"Authorization": "Bearer {key}", "X-Kind": "login"}}}
    assert authenticate({}, target(**members)) == {"Authorization": f"Bearer {KEY}", "X-Kind": "login"}
    assert authenticate({}, target(auth={"X-Key": "{key}"}, auth_for={"sk-": {}})) == {"X-Key": KEY}
