"""Signing."""

from aiollm.providers import Provider, Target, authenticate
from aiollm.providers.auth import signed_headers
from aiollm.providers.identity import AwsKeys
from aiollm.types.endpoint import Endpoint
from aiollm.types.secret import HiddenText, Secret
from aiollm.wire.http import HttpRequest

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


def test_each_key_and_each_callers_headers_are_told_apart() -> None:
    provider = Provider(name="x")
    one, other = (Target(provider, "m", ENDPOINT, Secret(key)) for key in ("one", "other"))
    token = Target(Provider(name="x", auth={"X-Key": "{key}"}), "m", ENDPOINT, Secret("one"), bearer=True)
    for _ in range(2):
        assert authenticate({}, one) == {"Authorization": "Bearer one"}
        assert authenticate({}, other) == {"Authorization": "Bearer other"}
        assert authenticate({}, token) == {"Authorization": "Bearer one"}
        assert authenticate({"authorization": "mine"}, one) == {"authorization": "mine"}
    authenticate({}, one).clear()
    assert authenticate({}, one) == {"Authorization": "Bearer one"}


def test_keys_of_a_cloud_sign_the_request() -> None:
    keys = AwsKeys(HiddenText("AKIA"), HiddenText("s3cr3t"))
    place = Target(Provider(name="x", service="bedrock"), "m", ENDPOINT, None, {"aws_region_name": "eu-west-1"}, keys)
    http = HttpRequest("https://x.example/model/m/converse", {"Content-Type": "application/json"}, b"{}")
    headers = signed_headers(http, place, 0.0)
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA/19700101/eu-west-1/bedrock/")
    assert "AKIA" not in repr(headers)
    own = HttpRequest(http.url, {"authorization": "theirs"}, b"{}")
    assert signed_headers(own, place, 0.0) == {"authorization": "theirs"}


def test_without_keys_of_a_cloud_the_key_is_sent() -> None:
    http = HttpRequest("https://x.example/", {}, b"{}")
    assert signed_headers(http, target(), 0.0) == {"Authorization": f"Bearer {KEY}"}
