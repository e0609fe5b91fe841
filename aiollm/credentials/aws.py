"""AWS credentials: those of the call or the environment as they are, all others through botocore.

botocore knows the profiles, single sign-on, roles, containers and instances; it comes with the extra `bedrock`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from aiollm.credentials.keeper import Keeper, Lease
from aiollm.exceptions import APIError, AuthenticationError, BadRequestError
from aiollm.providers.identity import AwsKeys
from aiollm.providers.provider import Target
from aiollm.types.secret import HiddenText

__all__ = ["identify"]

_Options = tuple[tuple[str, HiddenText], ...]

_WAYS = (
    "set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or pass aws_profile_name= or "
    "aws_role_name="
)
_SOURCE_OPTIONS = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_profile_name",
    "aws_role_name",
    "aws_session_name",
    "aws_external_id",
    "aws_web_identity_token",
    "aws_sts_endpoint",
    "aws_region_name",
)
_LONGEST_REASON = 300


async def identify(target: Target) -> Target:
    """Return the target with the keys to sign with, which are fetched in a worker thread if need be.

    A key that the call gives is a bearer token, and nothing is signed.

    Raises:
        AuthenticationError: there are none, or AWS refuses to give any.
        BadRequestError: an option is missing.
    """
    if target.secret is not None:
        return target
    options = target.options
    if "aws_region_name" not in options:
        raise BadRequestError(
            "an AWS request is signed for a region: pass aws_region_name=, or set AWS_REGION_NAME, AWS_REGION or "
            "AWS_DEFAULT_REGION",
            param="aws_region_name",
            phase="request",
        )
    keys = _given(options)
    if keys is None or "aws_role_name" in options:
        keys = await _keeper.get(tuple((name, options[name]) for name in _SOURCE_OPTIONS if name in options))
    return msgspec.structs.replace(target, keys=keys)


def _given(options: Mapping[str, HiddenText]) -> AwsKeys | None:
    """Return the keys among the options, or None; a profile that was named has its own."""
    if "aws_profile_name" in options:
        return None
    key_id, secret = options.get("aws_access_key_id"), options.get("aws_secret_access_key")
    if (key_id is None) != (secret is None):
        missing = "aws_access_key_id" if key_id is None else "aws_secret_access_key"
        raise BadRequestError(
            f"half of the AWS key is missing: pass {missing}=, or set {missing.upper()}", param=missing, phase="request"
        )
    return None if key_id is None or secret is None else AwsKeys(key_id, secret, options.get("aws_session_token"))


def _fetch(wanted: _Options) -> Lease[AwsKeys]:
    """Ask botocore. It blocks: it reads files, and may ask over the network or run a program."""
    try:
        return _lease(dict(wanted))
    except ImportError:
        failure: APIError = AuthenticationError(
            f"AWS credentials other than keys are read by botocore, which is not installed: pip install "
            f"'aiollm[bedrock]'; or {_WAYS}",
            phase="request",
        )
    except APIError as error:
        failure = error
    except Exception as error:  # noqa: BLE001  # botocore's have no common class: files, programs, HTTP
        failure = _failure(error)
    # Raised out here so that the original, whose frames hold keys, is not its context.
    failure.__traceback__ = failure.__context__ = None
    raise failure


def _lease(options: dict[str, HiddenText]) -> Lease[AwsKeys]:
    import botocore.session
    from botocore.credentials import Credentials

    session: Any = botocore.session.Session(profile=_plain(options.get("aws_profile_name")))
    given = _given(options)
    credentials: Any = session.get_credentials() if given is None else Credentials(*_plain_keys(given))
    if "aws_role_name" in options and (credentials is not None or "aws_web_identity_token" in options):
        return _assumed(session, credentials, options)
    if credentials is None:
        raise AuthenticationError(f"no AWS credentials were found: {_WAYS}", phase="request")
    frozen = credentials.get_frozen_credentials()
    token = HiddenText(frozen.token) if frozen.token else None
    keys = AwsKeys(HiddenText(frozen.access_key), HiddenText(frozen.secret_key), token)
    ends = getattr(credentials, "_expiry_time", None)  # there is no public way to it
    return Lease(keys, None if ends is None else ends.timestamp())


def _assumed(session: Any, credentials: Any, options: dict[str, HiddenText]) -> Lease[AwsKeys]:
    """Return the temporary keys of a role, which botocore asks AWS for."""
    from botocore.credentials import AssumeRoleCredentialFetcher, AssumeRoleWithWebIdentityCredentialFetcher

    def client(*names: Any, **settings: Any) -> Any:
        return session.create_client(
            *names,
            **{
                "region_name": str(options["aws_region_name"]),
                "endpoint_url": _plain(options.get("aws_sts_endpoint")),
                **settings,
            },
        )

    arguments = {"RoleSessionName": _plain(options.get("aws_session_name"))}
    arguments["ExternalId"] = _plain(options.get("aws_external_id"))
    arguments = {name: value for name, value in arguments.items() if value is not None}
    role = str(options["aws_role_name"])
    token = options.get("aws_web_identity_token")
    if token is None:
        fetcher: Any = AssumeRoleCredentialFetcher(client, credentials, role, extra_args=arguments)
    else:
        arguments.pop("ExternalId", None)
        fetcher = AssumeRoleWithWebIdentityCredentialFetcher(client, lambda: str(token), role, extra_args=arguments)
    found = fetcher.fetch_credentials()
    keys = AwsKeys(*(HiddenText(found[part]) for part in ("access_key", "secret_key", "token")))
    return Lease(keys, datetime.fromisoformat(found["expiry_time"]).timestamp())


def _failure(error: Exception) -> APIError:
    """Return what botocore's error comes to, in its words."""
    reason = " ".join(str(error).split())
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}..."
    return AuthenticationError(
        f"AWS credentials could not be had ({type(error).__name__}): {reason}", phase="request", hint=_WAYS
    )


def _plain(text: HiddenText | None) -> str | None:
    return None if text is None else str(text)


def _plain_keys(keys: AwsKeys) -> tuple[str | None, ...]:
    return str(keys.access_key_id), str(keys.secret_access_key), _plain(keys.session_token)


_keeper: Keeper[_Options, AwsKeys] = Keeper(_fetch)
