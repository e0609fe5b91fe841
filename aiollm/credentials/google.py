"""Google's access tokens, through google-auth, which comes with the extra `vertex`.

They are had for a service account, a user, a workload's identity or another account that one may act for: from what
`vertex_credentials` holds or names, else from the application-default credentials (the file that
`GOOGLE_APPLICATION_CREDENTIALS` names, gcloud's own, or the metadata server of a machine in the cloud).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from aiollm.credentials.keeper import Keeper, Lease
from aiollm.exceptions import APIConnectionError, APIError, AuthenticationError, BadRequestError
from aiollm.providers.google_cloud import DEFAULT_LOCATION, located
from aiollm.providers.provider import Target
from aiollm.types.secret import HiddenText, Secret
from aiollm.types.shape import EMPTY, JSON

__all__ = ["identify"]

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_WAYS = (
    "pass vertex_credentials= (a service account's key, as JSON or the path of a file), set "
    "GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`"
)
_LONGEST_REASON = 300


class _Grant(msgspec.Struct, frozen=True):
    """What Google says of who calls.

    Attributes:
        token: goes with each request.
        project: the project that the credentials belong to, where they say.
        payer: the project that is charged for a user's calls, where one is named.
    """

    token: Secret
    project: str | None
    payer: str | None


async def identify(target: Target) -> Target:
    """Return the target with its access token, and with its project and location in the URL.

    A key that the call gives is taken for an access token; the project must then be named.

    Raises:
        AuthenticationError: there are no credentials, or Google refuses them.
        APIConnectionError: Google's token server, or the machine's metadata server, could not be reached.
        BadRequestError: the project is not known.
    """
    options, secret, endpoint = target.options, target.secret, target.endpoint
    project = options.get("vertex_project")
    if secret is None:
        grant = await _keeper.get(options.get("vertex_credentials"))
        secret, project = grant.token, project or grant.project
        if grant.payer:
            endpoint = replace(endpoint, headers={**endpoint.headers, "x-goog-user-project": grant.payer})
    if not project:
        raise BadRequestError(
            "a call to Vertex AI belongs to a project: pass vertex_project=, or set VERTEXAI_PROJECT or "
            "GOOGLE_CLOUD_PROJECT",
            param="vertex_project",
            phase="request",
        )
    location = options.get("vertex_location") or DEFAULT_LOCATION
    return msgspec.structs.replace(target, secret=secret, endpoint=located(endpoint, str(project), str(location)))


def _fetch(given: HiddenText | None) -> Lease[_Grant]:
    """Ask google-auth. It blocks: it reads files and asks over the network."""
    try:
        return _lease(given)
    except ImportError:
        failure: APIError = AuthenticationError(
            "Google's credentials are read by google-auth, which is not installed: pip install 'aiollm[vertex]'; or "
            "pass an access token as api_key=",
            phase="request",
        )
    except APIError as error:
        failure = error
    except Exception as error:  # noqa: BLE001  # google-auth's, and those of the files and JSON it reads
        failure = _failure(error)
    # Raised out here so that the original, whose frames hold the key, is not its context.
    failure.__traceback__ = failure.__context__ = None
    raise failure


def _lease(given: HiddenText | None) -> Lease[_Grant]:
    import google.auth
    from google.auth.transport.requests import Request

    auth: Any = google.auth  # few of its arguments have types
    if given is None:
        credentials, project = auth.default(scopes=_SCOPES)
    else:
        credentials, project = _loaded(_document(given))
    with Request().session as session:
        credentials.refresh(Request(session))
    payer = getattr(credentials, "quota_project_id", None)
    grant = _Grant(Secret(credentials.token), project, payer)
    return Lease(grant, credentials.expiry.replace(tzinfo=UTC).timestamp() if credentials.expiry else None)


def _document(given: HiddenText) -> dict[str, Any]:
    """Return the credentials that a text holds, or the file that it names."""
    if given.lstrip().startswith("{"):
        text, source = str(given), "vertex_credentials"
    else:
        source = f"the credentials file {str(given)!r}"
        try:
            text = Path(given).expanduser().read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise AuthenticationError(f"{source} cannot be read: {reason}", phase="request", hint=_WAYS) from None
    try:
        document: JSON = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise AuthenticationError(f"{source} is not a JSON object", phase="request", hint=_WAYS)
    return document


def _loaded(document: dict[str, Any]) -> tuple[Any, str | None]:
    """Return credentials of the kind that a document says, and their project.

    google-auth's own loader of any kind is deprecated, since a document may name programs to run. Here it is the
    caller's own, and the caller's to trust.
    """
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise AuthenticationError(
            f"credentials of type {str(kind)[:40]!r} cannot be used; known are {', '.join(_KINDS)}",
            phase="request",
            hint=_WAYS,
        )
    return _KINDS[kind](document), document.get("project_id")


def _service_account(document: Mapping[str, Any]) -> Any:
    from google.oauth2 import service_account

    kind: Any = service_account.Credentials
    return kind.from_service_account_info(document, scopes=_SCOPES)


def _user(document: Mapping[str, Any]) -> Any:
    from google.oauth2 import credentials

    kind: Any = credentials.Credentials
    return kind.from_authorized_user_info(document, scopes=_SCOPES)


def _impersonated(document: Mapping[str, Any]) -> Any:
    from google.auth import impersonated_credentials

    kind: Any = impersonated_credentials.Credentials
    return kind.from_impersonated_service_account_info(document, scopes=_SCOPES)


def _external(document: Mapping[str, Any]) -> Any:
    """Read the identity of a workload in another cloud."""
    from google.auth import aws, identity_pool, pluggable

    source = document.get("credential_source") or EMPTY
    if document.get("subject_token_type") == "urn:ietf:params:aws:token-type:aws4_request":
        kind: Any = aws.Credentials
    else:
        kind = (pluggable if "executable" in source else identity_pool).Credentials
    return kind.from_info(document, scopes=_SCOPES)


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "authorized_user": _user,
    "external_account": _external,
    "impersonated_service_account": _impersonated,
    "service_account": _service_account,
}


def _failure(error: Exception) -> APIError:
    """Return what google-auth's error comes to, in its words."""
    from google.auth.exceptions import GoogleAuthError, TransportError

    words = str(error.args[0]) if error.args and isinstance(error, GoogleAuthError) else str(error)
    reason = " ".join(words.split())
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}..."
    if isinstance(error, TransportError) or getattr(error, "retryable", False):
        return APIConnectionError(f"Google's token server could not be asked: {reason}", phase="request")
    return AuthenticationError(
        f"Google's credentials could not be had ({type(error).__name__}): {reason}", phase="request", hint=_WAYS
    )


_keeper: Keeper[HiddenText | None, _Grant] = Keeper(_fetch)
