"""What one caller may do with one model: found out once, so that a call only adds what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from aiollm.api import chat_like
from aiollm.async_router import AsyncRouter
from aiollm.core.limited_scope import scope
from aiollm.engine.call import Call
from aiollm.exceptions import BadRequestError
from aiollm.middleware.bill import Tariff
from aiollm.providers.prices import region_of
from aiollm.providers.registry import Api
from aiollm.proxy.config import Config
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.asked import Call as AskedCall
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.keys import Holder, Identity
from aiollm.types.request import Request

__all__ = ["Grant", "Grants"]

MOST_GRANTS = 4096
"""Behind a wildcard callers name models as they like; what more of them need is found out again."""

_APIS: Mapping[AskedCall, Api] = {"chat": "chat", "embedding": "embeddings", "responses": "responses"}
_NOTHING_SAID: Mapping[AskedCall, Mapping[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": ""}]},
    "embedding": {"input": " "},
    "responses": {"input": ""},
}


class Grant(msgspec.Struct, frozen=True, eq=False):
    """The calls of one caller to one model.

    Attributes:
        holders: who is charged with them: the key, its team and its user, and the holder of the proxy's own limits.
        bounded: whether it matters to one of these how long or how dear a call may become.
        api: which API they call.
    """

    holders: tuple[Holder, ...]
    bounded: bool
    api: Api
    _router: AsyncRouter
    _terms: Mapping[str, Any]  # the arguments that are not the caller's to say
    _opening: Call  # says nothing
    _ways: tuple[tuple[Request, Tariff], ...]

    def __repr__(self) -> str:
        # The terms of a key are nobody else's business.
        return f"<Grant of {self.api} to {len(self.holders)} holders>"

    def call(self, asked: Asked) -> Call:
        """Return the call that is asked for, within the time that the caller wants to wait.

        Raises:
            BadRequestError: an argument is wrong.
        """
        wait = asked.timeout
        if wait is None:
            return self._call(asked)
        with scope(first_token=wait, idle=wait, total=None if asked.stream else wait):
            return self._call(asked)

    def _call(self, asked: Asked) -> Call:
        if self.api == "chat":
            call = chat_like(self._opening, asked.arguments)
        else:
            call = self._router.prepare(self.api, {**asked.arguments, **self._terms})
        return replace(call, keeps_frames=True) if asked.verbatim else call

    def most(self, request: Request) -> tuple[int, float]:
        """Return the tokens and the US dollars that a request may take at the most, wherever it is answered."""
        tokens, usd = 0, 0.0
        for own, tariff in self._ways:
            sent = replace(request, params={**own.params, **request.params}) if own.params else request
            plan = tariff.plan(sent)
            tokens = max(tokens, plan.tokens)
            if plan.usd is not None and plan.usd > usd:
                usd = plan.usd
        return tokens, usd


class Grants:
    """The grants under one configuration.

    Args:
        config: the configuration.
        router: answers the calls.
        everybody: who is charged with every call.
    """

    def __init__(self, config: Config, router: AsyncRouter, everybody: tuple[Holder, ...]) -> None:
        self._settings = config.litellm
        self._router = router
        self._everybody = everybody
        self._known: dict[tuple[Identity, AskedCall, str, bool], Grant] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, identity: Identity, asked: Asked) -> Grant:
        """Return the grant for what a caller asks.

        Raises:
            Refusal: the caller may not use the model, or there is none of the name.
            APIError: no deployment of the model can be called.
        """
        # A caller's identity is another object as soon as anything of its key, team or user has changed.
        key = identity, asked.call, asked.model, asked.stream
        grant = self._known.get(key)
        if grant is None:
            grant = self._found_out(identity, asked)
            if len(self._known) >= MOST_GRANTS:
                self._known.clear()
            self._known[key] = grant
        return grant

    def _found_out(self, identity: Identity, asked: Asked) -> Grant:
        identity.require(model=asked.model)
        api, terms = _APIS[asked.call], self._terms(identity, asked)
        said = {**_NOTHING_SAID[asked.call], **({"stream": True} if asked.stream else {})}
        try:
            opening = self._router.prepare(api, {**said, **terms})
        except BadRequestError as error:
            if error.param == "model" and error.phase == "request" and error.llm_provider is None:
                raise _unknown(asked.model) from None
            raise
        holders = (*identity.holders, *self._everybody)
        bounded = any(holder.tpm is not None or holder.budget is not None for holder in holders)
        return Grant(holders, bounded, api, self._router, terms, opening, _apart(self._router, opening))

    def _terms(self, identity: Identity, asked: Asked) -> dict[str, Any]:
        terms: dict[str, Any] = {"model": asked.model}
        keeps = self._settings.cache
        if identity.key is not None:
            terms["fairness_key"] = identity.key.name
            if keeps:  # an answer is given again to whom it was given before, and to nobody else
                terms["cache"] = {"namespace": identity.key.name}
        if keeps and not self._settings.cache_params.covers(asked.call):
            terms["caching"] = False
        return terms


def _apart(router: AsyncRouter, opening: Call) -> tuple[tuple[Request, Tariff], ...]:
    """Return the ways that a call may be answered in, one of those that come to the same."""
    ways: dict[object, tuple[Request, Tariff]] = {}
    for own, target, prices in router.ways(opening):
        tariff = Tariff.of(target, prices)
        ways[target.provider.name, target.model, region_of(target), id(tariff.entry), repr(own.params)] = (own, tariff)
    return tuple(ways.values())


def _unknown(model: str) -> Refusal:
    message = f"there is no model {model!r} here; GET /v1/models lists those that this key may use"
    return Refusal(Failure(404, message, "model_not_found", "invalid_request_error", "model"))
