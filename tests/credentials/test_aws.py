"""AWS credentials from the call, the environment, profiles, programs and roles, by the real botocore."""

from __future__ import annotations

import json
import sys
import textwrap
import urllib.parse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiollm.credentials import aws, identify
from aiollm.credentials.keeper import Keeper
from aiollm.exceptions import APIError, AuthenticationError, BadRequestError
from aiollm.providers import Target, resolve
from aiollm.testing import LoggedRequest, ProviderServer, Step, status
from aiollm.types.secret import Secret

pytest.importorskip("botocore")

MODEL = "bedrock/anthropic.claude-x"
REGION = {"AWS_REGION": "eu-west-1"}
ROLE = "arn:aws:iam::123456789012:role/caller"
SECRET = "s3cr3t-of-a-canary-0123456789"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any credentials, whose AWS files are in a folder of the test's."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setattr(aws, "_keeper", Keeper(aws._fetch))
    return tmp_path


def target(environ: dict[str, str] | None = None, **options: Any) -> Target:
    return resolve(MODEL, environ=REGION | (environ or {}), options=options)


async def keys(environ: dict[str, str] | None = None, **options: Any) -> tuple[str | None, ...]:
    found = (await identify(target(environ, **options))).keys
    assert found is not None
    return found.access_key_id, found.secret_access_key, found.session_token


async def failure(environ: dict[str, str] | None = None, **options: Any) -> APIError:
    with pytest.raises(APIError) as caught:
        await keys(environ, **options)
    return caught.value


async def test_a_bearer_token_needs_no_keys() -> None:
    place = target({"AWS_BEARER_TOKEN_BEDROCK": "token"})
    assert await identify(place) is place
    assert place.secret == Secret("token")


async def test_keys_of_the_environment_are_taken_as_they_are() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    assert await keys(environ) == ("AKIA", "s", "t")


async def test_keys_of_the_call_come_before_those_of_the_environment_and_before_a_token() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "e", "AWS_BEARER_TOKEN_BEDROCK": "token"}
    assert await keys(environ, aws_access_key_id="C", aws_secret_access_key="c") == ("C", "c", None)


async def test_a_session_token_of_the_environment_does_not_go_with_keys_of_the_call() -> None:
    assert await keys({"AWS_SESSION_TOKEN": "t"}, aws_access_key_id="C", aws_secret_access_key="c") == ("C", "c", None)


async def test_half_a_key_names_the_other_half() -> None:
    error = await failure(aws_access_key_id="AKIA")
    assert isinstance(error, BadRequestError)
    assert "aws_secret_access_key=" in str(error)
    assert "AWS_SECRET_ACCESS_KEY" in str(error)


async def test_a_profile_of_the_shared_file_is_read(machine: Path) -> None:
    (machine / "credentials").write_text("[work]\naws_access_key_id = W\naws_secret_access_key = w\n")
    assert await keys(aws_profile_name="work") == ("W", "w", None)
    environ = {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "e"}
    assert await keys(environ, aws_profile_name="work") == ("W", "w", None)


async def test_the_default_profile_is_read_when_nothing_is_said(machine: Path) -> None:
    (machine / "credentials").write_text("[default]\naws_access_key_id = D\naws_secret_access_key = d\n")
    assert await keys() == ("D", "d", None)


async def test_a_program_may_give_them_and_is_asked_once(machine: Path) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    said = {"Version": 1, "AccessKeyId": "P", "SecretAccessKey": "p", "SessionToken": "pt", "Expiration": ends}
    program = machine / "program.py"
    program.write_text(
        textwrap.dedent(f"""
        with open({str(machine / "asked")!r}, "a") as asked:
            asked.write("x")
        print({json.dumps(said)!r})
        """)
    )
    (machine / "config").write_text(f"[profile p]\ncredential_process = {sys.executable} {program}\n")
    assert await keys(aws_profile_name="p") == ("P", "p", "pt")
    assert await keys(aws_profile_name="p") == ("P", "p", "pt")
    assert (machine / "asked").read_text() == "x"


def token_service(request: LoggedRequest) -> Step:
    """Answer as AWS's token service does."""
    ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    action = dict(urllib.parse.parse_qsl(request.body.decode()))["Action"]
    kept = "<AccessKeyId>R</AccessKeyId><SecretAccessKey>r</SecretAccessKey><SessionToken>rt</SessionToken>"
    given = f"<Credentials>{kept}<Expiration>{ends}</Expiration></Credentials>"
    return status(
        200,
        body=f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{given}'
        f"</{action}Result></{action}Response>",
        content_type="text/xml",
    )


async def test_a_role_is_assumed_with_the_keys_of_the_call() -> None:
    async with ProviderServer() as server:
        server.script(token_service)
        found = await keys(
            aws_access_key_id="AKIA",
            aws_secret_access_key="s",
            aws_role_name=ROLE,
            aws_session_name="mine",
            aws_external_id="ext",
            aws_sts_endpoint=server.url,
        )
        asked = dict(urllib.parse.parse_qsl(server.log[0].body.decode()))
        authorization = server.log[0].headers["authorization"]
    assert found == ("R", "r", "rt")
    assert (asked["Action"], asked["RoleSessionName"], asked["ExternalId"]) == ("AssumeRole", "mine", "ext")
    assert "Credential=AKIA/" in authorization


async def test_a_role_is_assumed_with_a_web_identity() -> None:
    async with ProviderServer() as server:
        server.script(token_service)
        found = await keys(
            aws_role_name=ROLE, aws_web_identity_token="header.claims.signature", aws_sts_endpoint=server.url
        )
        asked = dict(urllib.parse.parse_qsl(server.log[0].body.decode()))
        assert "authorization" not in server.log[0].headers
    assert found == ("R", "r", "rt")
    assert asked["Action"] == "AssumeRoleWithWebIdentity"
    assert asked["WebIdentityToken"] == "header.claims.signature"


async def test_a_role_that_is_refused_says_why() -> None:
    denied = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        "<Code>AccessDenied</Code><Message>not allowed to assume it</Message></Error></ErrorResponse>"
    )
    async with ProviderServer() as server:
        server.script(status(403, body=denied, content_type="text/xml"))
        error = await failure(
            aws_access_key_id="AKIA", aws_secret_access_key=SECRET, aws_role_name=ROLE, aws_sts_endpoint=server.url
        )
    assert isinstance(error, AuthenticationError)
    assert "not allowed to assume it" in str(error)
    assert SECRET not in str(error) + repr(vars(error))


async def test_a_machine_without_credentials_says_where_they_could_be() -> None:
    error = await failure()
    assert isinstance(error, AuthenticationError)
    for way in ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "aws_profile_name="):
        assert way in str(error)


async def test_a_web_identity_without_a_role_says_that_there_are_no_credentials() -> None:
    error = await failure(aws_web_identity_token="web")
    assert error.message.startswith("no AWS credentials were found")
    assert "aws_role_name=" in error.message


async def test_a_profile_that_does_not_exist_is_named() -> None:
    error = await failure(aws_profile_name="nobody")
    assert isinstance(error, AuthenticationError)
    assert "nobody" in str(error)


async def test_without_botocore_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    error = await failure(aws_profile_name="work")
    assert "pip install 'aiollm[bedrock]'" in str(error)


async def test_an_error_leads_to_no_frame_with_a_key(machine: Path) -> None:
    (machine / "config").write_text("[profile p]\ncredential_process = /nowhere/at-all\n")
    error = await failure(aws_profile_name="p")
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_a_request_needs_a_region_even_at_another_address() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"}
    place = resolve(MODEL, environ=environ, base_url="http://127.0.0.1:9")
    with pytest.raises(BadRequestError, match="aws_region_name="):
        await identify(place)
