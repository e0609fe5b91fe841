"""How a cloud is told who calls: by options of the call, each with environment variables that stand in for it.

These options say where a request goes and what it is signed with; they are never sent, to no provider.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from aiollm.types.secret import HiddenText
from aiollm.types.shape import is_mapping

__all__ = ["IDENTITIES", "IDENTITY_OPTIONS", "AwsKeys", "Identity", "IdentityKind", "hidden_options"]

IdentityKind = Literal["aws", "databricks", "google", "ibm"]


class Identity(msgspec.Struct, frozen=True):
    """The options of one cloud.

    Attributes:
        options: the option's name -> the environment variables that stand in for it, in order.
        caller: the options that say who calls: given in a call, they come before a key of the environment.
        together: options that belong together: given one in a call, the environment has no say in the others.
        usual: the options that are enough, as most people give them.
    """

    options: Mapping[str, tuple[str, ...]]
    caller: frozenset[str]
    together: frozenset[str] = frozenset()
    usual: tuple[str, ...] = ()


class AwsKeys(msgspec.Struct, frozen=True):
    """What AWS requests are signed with.

    Attributes:
        access_key_id: the public half of the key.
        secret_access_key: the secret half; it never goes over the wire.
        session_token: goes along with temporary keys.
    """

    access_key_id: HiddenText
    secret_access_key: HiddenText
    session_token: HiddenText | None = None


# LiteLLM's names, of the options and of the variables (AWS_REGION_NAME and others are its own, the rest are AWS's).
_AWS = Identity(
    options={
        "aws_access_key_id": ("AWS_ACCESS_KEY_ID",),
        "aws_secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
        "aws_session_token": ("AWS_SESSION_TOKEN",),
        "aws_profile_name": ("AWS_PROFILE_NAME",),
        "aws_role_name": ("AWS_ROLE_NAME",),
        "aws_session_name": ("AWS_SESSION_NAME",),
        "aws_external_id": ("AWS_EXTERNAL_ID",),
        "aws_web_identity_token": ("AWS_WEB_IDENTITY_TOKEN",),
        "aws_sts_endpoint": ("AWS_STS_ENDPOINT",),
        "aws_region_name": ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"),
        "aws_bedrock_runtime_endpoint": ("AWS_BEDROCK_RUNTIME_ENDPOINT",),
    },
    caller=frozenset({"aws_access_key_id", "aws_secret_access_key", "aws_profile_name", "aws_role_name"}),
    together=frozenset({"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}),
    usual=("aws_access_key_id", "aws_secret_access_key"),
)

_DATABRICKS = Identity(
    options={
        "databricks_client_id": ("DATABRICKS_CLIENT_ID",),
        "databricks_client_secret": ("DATABRICKS_CLIENT_SECRET",),
    },
    caller=frozenset({"databricks_client_id", "databricks_client_secret"}),
)
_IBM = Identity(
    options={
        "watsonx_token": ("WATSONX_TOKEN",),
        "zen_api_key": ("WATSONX_ZENAPIKEY",),
        "watsonx_iam_url": ("WATSONX_IAM_URL",),
    },
    caller=frozenset({"watsonx_token", "zen_api_key"}),
)

# LiteLLM's names, with its second spelling; GOOGLE_... and GCLOUD_... are Google's own variables.
_GOOGLE = Identity(
    options={
        "vertex_credentials": ("vertex_ai_credentials", "VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"),
        "vertex_project": ("vertex_ai_project", "VERTEXAI_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"),
        "vertex_location": ("vertex_ai_location", "VERTEXAI_LOCATION", "GOOGLE_CLOUD_LOCATION"),
        "vertex_ai_credentials": (),
        "vertex_ai_project": (),
        "vertex_ai_location": (),
    },
    caller=frozenset({"vertex_credentials", "vertex_ai_credentials"}),
)

_DOCUMENTS = _GOOGLE.caller
"""Options that may hold a JSON document: a dict, or a text of many lines."""

IDENTITIES: Mapping[IdentityKind, Identity] = {
    "aws": _AWS,
    "databricks": _DATABRICKS,
    "google": _GOOGLE,
    "ibm": _IBM,
}
"""The clouds that rows may name."""

IDENTITY_OPTIONS = frozenset(name for identity in IDENTITIES.values() for name in identity.options)


def hidden_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's further parameters; of those that say who calls, the `repr` of a text is `***`."""
    if IDENTITY_OPTIONS.isdisjoint(params):
        return dict(params)
    return {name: _hidden(name, value) if name in IDENTITY_OPTIONS else value for name, value in params.items()}


def _hidden(name: str, value: Any) -> Any:
    if name in _DOCUMENTS and is_mapping(value):
        value = json.dumps(dict(value))
    elif name in _DOCUMENTS and isinstance(value, str):
        value = " ".join(value.splitlines())  # in JSON, a line end is white space
    return HiddenText(value) if isinstance(value, str) else value
