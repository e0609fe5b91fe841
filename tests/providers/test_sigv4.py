"""Signatures: vectors computed with AWS's own SDK, and that SDK itself beside ours."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from aiollm.providers.identity import AwsKeys
from aiollm.providers.sigv4 import sign
from aiollm.types.secret import HiddenText
from aiollm.wire.http import HttpRequest

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
BODY = b'{"messages":[{"role":"user","content":[{"text":"hello"}]}]}'
KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MODEL = "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream"
PROFILE = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.x/converse-stream"


def keys(token: str | None = None) -> AwsKeys:
    return AwsKeys(HiddenText(KEY_ID), HiddenText(SECRET), HiddenText(token) if token else None)


def signed(url: str = HOST + MODEL, token: str | None = None, body: bytes = BODY, **headers: str) -> dict[str, str]:
    http = HttpRequest(url, {"Content-Type": "application/json", **headers}, body)
    return sign(http, keys(token), region="us-east-1", service="bedrock", now=NOW.timestamp())


@pytest.mark.parametrize(
    ("path", "token", "signature"),
    [
        (MODEL, None, "d355e09360cc824ae5d5f8e5e6961c32d060e1cdef3bb5b415f82846c9a5e434"),
        (PROFILE, "SESSIONTOKEN", "9e3b536d6625d27b143e11351ed102fd94f32f980df0788ed2d0e2581fa9ebf5"),
    ],
)
def test_a_signature_is_the_one_that_aws_expects(path: str, token: str | None, signature: str) -> None:
    headers = signed(HOST + path, token)
    names = "content-type;host;x-amz-date" + (";x-amz-security-token" if token else "")
    assert headers["Authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20261121/us-east-1/bedrock/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    assert headers["X-Amz-Date"] == "20261121T120000Z"
    assert headers.get("X-Amz-Security-Token") == token


@pytest.mark.parametrize(
    "url", [f"{HOST}{MODEL}", f"{HOST}{PROFILE}", "http://127.0.0.1:8080/model/a%20b~c/invoke", HOST]
)
@pytest.mark.parametrize("token", [None, "a/session+token=="])
def test_botocore_signs_the_same(url: str, token: str | None) -> None:
    auth = pytest.importorskip("botocore.auth")
    request: Any = pytest.importorskip("botocore.awsrequest").AWSRequest(
        "POST", url, headers={"Content-Type": "application/json"}, data=BODY
    )
    credentials = pytest.importorskip("botocore.credentials").Credentials(KEY_ID, SECRET, token)
    with patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        auth.SigV4Auth(credentials, "bedrock", "us-east-1").add_auth(request)
    assert signed(url, token)["Authorization"] == request.headers["Authorization"]


def test_other_headers_are_sent_and_not_signed() -> None:
    headers = signed(**{"X-Trace": "7"})
    assert headers["X-Trace"] == "7"
    assert headers["Authorization"] == signed()["Authorization"]


def test_the_default_port_is_not_part_of_the_host() -> None:
    plain = signed()["Authorization"]
    assert signed(f"{HOST}:443{MODEL}")["Authorization"] == plain
    assert signed(f"{HOST}:8443{MODEL}")["Authorization"] != plain


def test_the_body_and_the_day_are_signed() -> None:
    assert signed(body=b"{}")["Authorization"] != signed()["Authorization"]
    http = HttpRequest(HOST + MODEL, {}, BODY)
    later = sign(http, keys(), region="us-east-1", service="bedrock", now=NOW.timestamp() + 86_400)
    assert "/20261122/" in later["Authorization"]


def test_no_key_is_seen() -> None:
    shown = repr(signed(token="t0ken")) + repr(keys("t0ken"))
    for secret in (SECRET, "t0ken", KEY_ID):
        assert secret not in shown
    assert hashlib.sha256(BODY).hexdigest() == "331b626fbec967399a3c05643d22e56af43ee9839874a2db641bd025f84436d8"
