"""`model_list` and `credential_list`: the deployments, each checked for whether its calls could go anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aiollm.exceptions import APIError
from aiollm.providers.identity import IDENTITY_OPTIONS
from aiollm.providers.registry import find_provider
from aiollm.proxy.config.document import Value
from aiollm.proxy.config.kinds import MAPPING, NUMBER, Unfit
from aiollm.proxy.config.names import UNSUPPORTED
from aiollm.proxy.config.problem import Problems
from aiollm.proxy.config.sections import member_fault, read_member
from aiollm.proxy.config.settings import Deployment, DeploymentParams
from aiollm.types.nearest import nearest
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.secret import HiddenText

__all__ = ["read_deployments"]

_ENTRY = ("model_name", "litellm_params", "model_info")
_KINDS = DeploymentParams.kinds
_KNOWN = sorted({*_KINDS, *IDENTITY_OPTIONS, *OPENAI_PARAMS})

_NEAR = 0.85
"""How like a known name another must be to be taken for a slip: `apikey` and `api_bse` are, `top_k` and `top_p` not.
What is none goes to the provider, as in LiteLLM; a slip in `api_key` would send the key along in the body."""


def read_deployments(value: Value, credentials: Value, problems: Problems) -> tuple[Deployment, ...]:
    """Return the deployments of a `model_list`, without those that cannot be read, which are noted as problems.

    Args:
        value: the list.
        credentials: the `credential_list`, whose values stand in for those that a deployment leaves out.
        problems: where to note what is wrong.
    """
    known = _credentials(credentials, problems)
    deployments = [
        deployment
        for place, entry in enumerate(_listed(value, "model_list", problems))
        if (deployment := _Entry(f"model_list[{place}]", entry, problems).read(known)) is not None
    ]
    _check_ids(deployments, value, problems)
    return tuple(deployments)


def _listed(value: Value, key: str, problems: Problems) -> list[Value]:
    if value.content is None:
        return []
    if not isinstance(value.content, list):
        problems.error(value, key, f"must be a list; got {value.shape}")
        return []
    return value.content


def _credentials(value: Value, problems: Problems) -> dict[str, dict[str, Value]]:
    """Return the credentials that deployments may name."""
    found: dict[str, dict[str, Value]] = {}
    for place, entry in enumerate(_listed(value, "credential_list", problems)):
        name, values = entry.members.get("credential_name"), entry.members.get("credential_values")
        if name is None or values is None or not isinstance(values.content, dict):
            problems.error(entry, f"credential_list[{place}]", "must have a credential_name and credential_values")
        else:
            found[str(name.content)] = values.content
    return found


def _check_ids(deployments: list[Deployment], value: Value, problems: Problems) -> None:
    seen: set[str] = set()
    for deployment in deployments:
        name = deployment.model_info.get("id")
        if name is None:
            continue
        if name in seen:
            place = Value(None, value.file, deployment.line)
            problems.error(place, "model_list", "has two deployments with the same model_info.id")
        seen.add(name)


class _Entry(msgspec.Struct, frozen=True):
    """One entry of the list on its way to a deployment."""

    key: str
    value: Value
    problems: Problems

    def read(self, credentials: Mapping[str, Mapping[str, Value]]) -> Deployment | None:
        members = self.value.content
        if not isinstance(members, dict):
            self.problems.error(self.value, self.key, f"must be a mapping; got {self.value.shape}")
            return None
        for unknown in members.keys() - {*_ENTRY}:
            message = f"is no member of a deployment; it has {', '.join(_ENTRY)}"
            self.problems.warning(members[unknown], f"{self.key}.{unknown}", message)
        name, params = members.get("model_name"), members.get("litellm_params")
        if name is None or not isinstance(name.content, str) or not name.content:
            self.problems.error(name or self.value, f"{self.key}.model_name", "must be given, as text")
            return None
        if params is None or not isinstance(params.content, dict):
            self.problems.error(params or self.value, f"{self.key}.litellm_params", "must be given, as a mapping")
            return None
        read = self._params(params, credentials)
        if read is None:
            return None
        return Deployment(model_name=name.content, params=read, model_info=self._info(members), line=self.value.line)

    def _info(self, members: Mapping[str, Value]) -> dict[str, Any]:
        info = members.get("model_info")
        if info is None or info.content is None:
            return {}
        try:
            return MAPPING.read(info)
        except Unfit as unfit:
            self.problems.error(info, f"{self.key}.model_info", member_fault(MAPPING, unfit))
            return {}

    def _params(self, value: Value, credentials: Mapping[str, Mapping[str, Value]]) -> DeploymentParams | None:
        given: dict[str, Any] = {"prices": {}, "identity": {}, "parameters": {}}
        members = dict(value.members)
        named = members.pop("litellm_credential_name", None)
        if named is not None and named.content is not None:
            credential = str(named.content)
            if credential not in credentials:
                message = "names no entry of credential_list"
                self.problems.error(named, f"{self.key}.litellm_params.litellm_credential_name", message)
            members = {**credentials.get(credential, {}), **members}
        for name, member in members.items():
            if member.content is not None:
                self._param(name, member, given)
        if "model" not in given:
            place = members.get("model", value)
            if place is value or place.content is None:
                self.problems.error(value, f"{self.key}.litellm_params.model", 'must be given, as "provider/model"')
            return None
        self._check_model(given, members["model"])
        return DeploymentParams(**given)

    def _param(self, name: str, value: Value, given: dict[str, Any]) -> None:
        key = f"{self.key}.litellm_params.{name}"
        if name in _KINDS:
            read_member(_KINDS[name], name, value, key, given, self.problems)
        elif "cost_per_" in name or "_token_cost" in name:
            read_member(NUMBER, name, value, key, given["prices"], self.problems)
        elif name in IDENTITY_OPTIONS:
            plain = value.plain()
            given["identity"][name] = HiddenText(plain) if isinstance(plain, str) else plain
        elif name in UNSUPPORTED["litellm_params"]:
            message = "is a parameter of LiteLLM's that is not supported here; it has no effect"
            self.problems.warning(value, key, message)
        elif name not in OPENAI_PARAMS and (near := nearest(name, _KNOWN, n=1, cutoff=_NEAR)):
            self.problems.error(value, key, f"is no parameter that is known (did you mean {near[0]}?)")
        else:
            given["parameters"][name] = value.plain()

    def _check_model(self, given: Mapping[str, Any], place: Value) -> None:
        """Note a provider that there is not. A name with a "*" stands for what a caller says in its place."""
        if given["model"].startswith("*"):
            return
        try:
            find_provider(given["model"], given.get("custom_llm_provider"))
        except APIError as error:
            self.problems.error(place, f"{self.key}.litellm_params.model", error.message)
