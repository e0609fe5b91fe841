"""Which models there are, by HTTP: what a key may use, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import asdict

from aiollm.exceptions import BadRequestError
from aiollm.integrations import web
from aiollm.providers.model_info import get_model_info
from aiollm.proxy.admin.asking import answer, missing
from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.failure import Refusal
from aiollm.proxy.request import Request
from aiollm.proxy.route import Route

__all__ = ["MODELS"]

_CREATED = 1_677_610_602  # what LiteLLM says of every model: clients want a number


def _names(gateway: Gateway, caller: Caller) -> list[str]:
    """Return the names that a caller may use.

    A group whose name is a pattern is told as the models that its entries, and the caller's keys, name whole.
    """
    router = gateway.router
    names = [name for name in router.get_model_names() if "*" not in name]
    patterns = [name for name in router.get_model_names() if "*" in name]
    for pattern in patterns:
        named = [entry["litellm_params"]["model"] for entry in router.get_model_list(pattern)]
        named += [model for holder in caller.identity.holders for model in holder.models]
        names += [name for name in named if "*" not in name and router.get_model_list(name)]
    return [name for name in dict.fromkeys(names) if _may_use(caller, name)]


def _may_use(caller: Caller, model: str) -> bool:
    try:
        caller.require_model(model)
    except Refusal:
        return False
    return True


def _told(gateway: Gateway, name: str) -> dict[str, Any]:
    info = gateway.router.get_model_group_info(name)
    owner = info.providers[0] if info is not None and info.providers else "aiollm"
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": owner}


async def _list(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    return answer({"object": "list", "data": [_told(gateway, name) for name in _names(gateway, caller)]})


async def _one(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    name = request.named["model"]
    if not gateway.router.get_model_list(name) or not _may_use(caller, name):
        raise missing("model", "model")
    return answer(_told(gateway, name))


async def _info(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    """Tell of deployments. Where they are, and how they are set up, is for operators only."""
    entries = [entry for name in _groups(gateway, caller) for entry in gateway.router.get_model_list(name)]
    return answer({"data": [_entry(entry, whole=caller.is_admin) for entry in entries]})


async def _group_info(gateway: Gateway, request: Request, caller: Caller) -> web.Response:
    found = [gateway.router.get_model_group_info(name) for name in _groups(gateway, caller)]
    return answer({"data": [asdict(info) for info in found if info is not None]})


def _groups(gateway: Gateway, caller: Caller) -> Iterable[str]:
    """Return the groups that a caller may use; those that are patterns are for operators, who wrote them."""
    groups = dict.fromkeys(entry["model_name"] for entry in gateway.router.get_model_list())
    return [name for name in groups if caller.is_admin or ("*" not in name and _may_use(caller, name))]


def _entry(entry: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    params, info = entry["litellm_params"], entry["model_info"]
    provider = params.get("custom_llm_provider")
    known = _known(str(info.get("base_model") or params["model"]), provider)
    own = info if whole else {"id": info["id"]}
    return {
        "model_name": entry["model_name"],
        "litellm_params": params if whole else {"model": params["model"]},
        "model_info": {**known, **own},
    }


def _known(model: str, provider: str | None) -> dict[str, Any]:
    try:
        return {name: value for name, value in get_model_info(model, provider).items() if value is not None}
    except BadRequestError:
        return {}


MODELS: tuple[Route, ...] = (
    Route("GET", ("/v1/models", "/models"), "call", _list),
    Route("GET", ("/v1/models/{model:.+}", "/models/{model:.+}"), "call", _one),
    Route("GET", ("/model/info", "/v1/model/info"), "call", _info),
    Route("GET", ("/model_group/info",), "call", _group_info),
)
