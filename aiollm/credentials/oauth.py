"""Access tokens for keys: a form is posted, and the token that comes back is kept until it ends (OAuth 2, RFC 6749).

IBM gives one for an API key, Databricks for the id and secret of a service principal. Facts: the requests of LiteLLM
1.109.1 (verified in its source), and IBM's manual.
"""

from __future__ import annotations

import base64
import time
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import msgspec

from aiollm.credentials.keeper import Keeper, Lease
from aiollm.dialects.errors import error_class
from aiollm.exceptions import APIConnectionError, APIError, APIResponseValidationError, AuthenticationError
from aiollm.providers.provider import Target
from aiollm.types.lenient import lenient_json, whole_number
from aiollm.types.secret import HiddenText, Secret
from aiollm.types.shape import JSON

__all__ = ["identify_databricks", "identify_ibm"]

IBM_URL = "https://iam.cloud.ibm.com/identity/token"
TIMEOUT = 30.0
"""Seconds that the giver of a token may take for each step of its answer."""

_MOST_BYTES = 64 * 1024
_LONGEST_REASON = 300
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_IBM_WAYS = "set WATSONX_APIKEY, WATSONX_TOKEN or WATSONX_ZENAPIKEY, or pass api_key="
_DATABRICKS_WAYS = "set DATABRICKS_API_KEY, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, or pass api_key="


class _TokenRequest(msgspec.Struct, frozen=True):
    """What a token is asked for with.

    Attributes:
        url: who gives it.
        form: the members of the form.
        authorization: the header, or None.
    """

    url: str
    form: tuple[tuple[str, str], ...]
    authorization: HiddenText | None = None


async def identify_ibm(target: Target) -> Target:
    """Return the target with a token for its key, or with the token or Zen key among its options.

    Raises:
        AuthenticationError: there is neither, or IBM refuses the key.
        APIError: no token could be fetched.

    Cancelling leaves at once; a fetch that others may wait for goes on in its thread.
    """
    options = target.options
    if target.secret is not None:
        form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": target.secret.reveal()}
        wanted = _TokenRequest(str(options.get("watsonx_iam_url", IBM_URL)), tuple(form.items()))
        return msgspec.structs.replace(target, secret=await _keeper.get(wanted))
    if "watsonx_token" in options:
        return msgspec.structs.replace(target, secret=_secret(options["watsonx_token"], "watsonx_token"))
    if "zen_api_key" in options:  # of Cloud Pak for Data
        provider = msgspec.structs.replace(target.provider, auth={"Authorization": "ZenApiKey {key}"})
        secret = _secret(options["zen_api_key"], "zen_api_key")
        return msgspec.structs.replace(target, provider=provider, secret=secret)
    raise AuthenticationError(f"{target.provider.name} has no API key: {_IBM_WAYS}", phase="request")


async def identify_databricks(target: Target) -> Target:
    """Return the target with its key, or with a token for the service principal among its options.

    Raises:
        AuthenticationError: there is neither, or Databricks refuses the secret.
        APIError: no token could be fetched.

    Cancelling leaves at once; a fetch that others may wait for goes on in its thread.
    """
    if target.secret is not None:
        return target
    client, secret = (target.options.get(f"databricks_client_{part}") for part in ("id", "secret"))
    if client is None or secret is None:
        raise AuthenticationError(f"{target.provider.name} has no API key: {_DATABRICKS_WAYS}", phase="request")
    workspace = urlsplit(target.endpoint.url)
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    wanted = _TokenRequest(
        f"{workspace.scheme}://{workspace.netloc}/oidc/v1/token",
        (("grant_type", "client_credentials"), ("scope", "all-apis")),
        HiddenText(f"Basic {basic}"),
    )
    return msgspec.structs.replace(target, secret=await _keeper.get(wanted))


def _secret(value: Any, name: str) -> Secret:
    try:
        return Secret(value)
    except ValueError as error:
        fault = str(error)
    raise AuthenticationError(f"{name} {fault}", phase="request")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: it would carry the key along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _fetch(wanted: _TokenRequest) -> Lease[Secret]:
    """Ask for a token. It blocks."""
    host = urlsplit(wanted.url)
    try:
        if host.scheme != "https" and host.hostname not in _LOOPBACK:
            raise AuthenticationError(f"the key would go to {host.hostname} in the clear: its address must be https://")
        return _lease(_answer(wanted))
    except APIError as error:
        failure = error
    except (OSError, HTTPException, ValueError) as error:
        failure = APIConnectionError(f"no token could be had from {host.hostname}: {type(error).__name__}: {error}")
    # Raised out here so that the original, whose frames hold the key, is not its context.
    failure.__traceback__ = failure.__context__ = None
    raise failure.with_context(phase="request", host=host.netloc)


def _answer(wanted: _TokenRequest) -> bytes:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if wanted.authorization is not None:
        headers["Authorization"] = str(wanted.authorization)
    request = urllib.request.Request(wanted.url, urlencode(wanted.form).encode(), headers)  # noqa: S310  # checked above
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as reply:
            body: bytes = reply.read(_MOST_BYTES)
            return body
    except HTTPError as error:
        with error:
            status, body = error.code, error.read(_MOST_BYTES)
    raise _refusal(wanted, status, body)


def _refusal(wanted: _TokenRequest, status: int, body: bytes) -> APIError:
    """Return the error for a refusal; a 400 means the key too."""
    cls = AuthenticationError if status in (400, 401, 403) else error_class(status)
    giver, words = urlsplit(wanted.url).hostname, _words(body)
    if wanted.authorization is not None:  # the engine knows the secret, but not as it is encoded here
        words = words.replace(wanted.authorization.removeprefix("Basic "), "***")
    return cls(f"{giver} answered {status} when asked for a token: {words}", status_code=status)


def _words(body: bytes) -> str:
    """Return the reason in an error's body: OAuth's, IBM's, or the text itself."""
    try:
        reported: JSON = lenient_json(body)
    except ValueError:
        reported = None
    named = reported if isinstance(reported, dict) else {}
    words = named.get("error_description") or named.get("errorMessage") or named.get("message")
    text = " ".join(str(words or body.decode("utf-8", "replace")).split())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."


def _lease(body: bytes) -> Lease[Secret]:
    try:
        reply = lenient_json(body)
        token, seconds = Secret(reply["access_token"]), whole_number(reply.get("expires_in"))
    except (AttributeError, KeyError, TypeError, ValueError):
        fault = "the answer to the request for a token has no access_token that could be sent"
    else:
        return Lease(token, time.time() + seconds if seconds else None)
    raise APIResponseValidationError(fault)


_keeper: Keeper[_TokenRequest, Secret] = Keeper(_fetch)
