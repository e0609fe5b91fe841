"""One provider as data, and the target that a call resolves to."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, Self

import msgspec
from msgspec.structs import replace

from aiollm.providers.identity import AwsKeys, IdentityKind
from aiollm.providers.model_rules import ModelRule
from aiollm.providers.prefill import Prefill
from aiollm.providers.urls import UrlRule
from aiollm.types.endpoint import BodyQuirk, Endpoint
from aiollm.types.secret import Secret

__all__ = ["Provider", "Target"]


class Provider(msgspec.Struct, frozen=True, eq=False, kw_only=True, forbid_unknown_fields=True):
    """Who and where: one row of the catalogue, or one that `register` adds.

    Attributes:
        name: the prefix in `name/model`.
        dialect: the wire format spoken there.
        base_url: where requests go by default; None where it has to be given. `{parts}` are filled from `placeholders`.
        path: what follows the base URL; `{model}` stands for the model's name, `{+model}` for it with its slashes.
        stream_path: what follows the base URL in a request that streams, where that is another path.
        embedding: the wire format of embeddings, where it is not OpenAI's beside OpenAI's chat.
        embedding_path: what follows the base URL in a request for embeddings, where it is not OpenAI's.
        path_elsewhere: what follows a base URL at another host than the row's own, where that differs.
        url_rule: another way from a base URL to the address of a model.
        api_version_env: environment variables for the version of the API, which `url_rule` needs, in order.
        placeholders: a part of `base_url` -> the environment variables that hold it, in order.
        key_env: environment variables for the key, in order.
        base_url_env: environment variables for the base URL, in order.
        token_env: environment variables for a token of the account's directory, in order; a row without any takes none.
        key_optional: a server of the user's own: without a key, none is sent.
        auth: header -> its value, with `{key}` for the key.
        auth_for: beginning of a key -> the headers for such keys, in the place of `auth`.
        headers: fixed headers.
        header_env: header -> the environment variable that holds its value; left out when unset.
        body_env: member of the body -> the environment variables that hold it, in order; left out when all are unset.
        organization_header: the header that takes the caller's `organization`.
        renames: OpenAI's parameter name -> the provider's.
        unsupported: OpenAI parameters that the provider does not take.
        developer_role: the role that developer messages are sent with.
        quirks: changes of the finished body, in order.
        takes_stream_options: whether `stream_options` may be sent.
        prefill: how a model is asked to go on with an answer that has begun; None where it is not known to.
        asks_usage: whether to ask for usage unasked; held to at the row's own host and at servers of the user's own.
        bare: patterns of model names that mean this provider without a prefix.
        model_rule: a reading of the model's name.
        models: pattern of model names, in lower case -> the members that are others for these models.
        identity: the cloud whose credentials stand in for a key, and whose options a call may carry.
        service: the service's name in signatures, where requests are signed.
        serve: "local": the engine starts the server, and resolves again with its address.
        refused: why the provider cannot be used, and what to do instead.
    """

    name: str
    dialect: str = "openai"
    base_url: str | None = None
    path: str = "/chat/completions"
    stream_path: str | None = None
    embedding: str | None = None
    embedding_path: str | None = None
    path_elsewhere: str | None = None
    url_rule: UrlRule | None = None
    api_version_env: tuple[str, ...] = ()
    placeholders: Mapping[str, tuple[str, ...]] = {}
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    token_env: tuple[str, ...] = ()
    key_optional: bool = False
    auth: Mapping[str, str] = msgspec.field(default_factory=lambda: {"Authorization": "Bearer {key}"})
    auth_for: Mapping[str, Mapping[str, str]] = {}
    headers: Mapping[str, str] = {}
    header_env: Mapping[str, str] = {}
    body_env: Mapping[str, tuple[str, ...]] = {}
    organization_header: str | None = None
    renames: Mapping[str, str] = {}
    unsupported: frozenset[str] = frozenset()
    developer_role: Literal["developer", "system", "user"] = "system"
    quirks: tuple[BodyQuirk, ...] = ()
    takes_stream_options: bool = True
    asks_usage: bool = False
    prefill: Prefill | None = None
    bare: tuple[str, ...] = ()
    model_rule: ModelRule | None = None
    models: Mapping[str, Mapping[str, Any]] = {}
    identity: IdentityKind | None = None
    service: str = ""
    serve: Literal["local"] | None = None
    refused: str | None = None

    def for_model(self, name: str) -> Self:
        """Return the row as it is for a model."""
        for pattern, members in self.models.items():
            if fnmatchcase(name.lower(), pattern):
                return replace(self, models={}, **members)
        return self


class Target(msgspec.Struct, frozen=True, eq=False):
    """Where one call goes.

    Attributes:
        provider: the provider's row.
        model: the model's name as sent upstream.
        endpoint: URL, headers and body changes; its `url` is "" while the engine has yet to start the server.
        secret: the key, or the token; None where none is needed, or where the engine has yet to ask for credentials.
        options: who calls and from where, for providers with an identity: from the call or the environment.
        keys: what the request is signed with, instead of a key.
        bearer: whether the secret is a token of the account's directory, and no key.
        token_source: gives such a token when the call goes out; it may be asynchronous.
    """

    provider: Provider
    model: str
    endpoint: Endpoint
    secret: Secret | None = None
    options: Mapping[str, Any] = {}
    keys: AwsKeys | None = None
    bearer: bool = False
    token_source: Callable[[], Any] | None = None
