"""What a caller may do is found out once, and anew as soon as any of it has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from aiollm.exceptions import BadRequestError
from aiollm.proxy import grant
from aiollm.proxy.grant import Grant
from aiollm.proxy.inbound.chat import parse_chat
from aiollm.proxy.inbound.failure import Refusal
from aiollm.proxy.keys import Holder
from aiollm.testing import ProviderServer, status
from aiollm.types.request import Request
from tests.proxy.serving import MASTER, MESSAGES, Proxy, config, running

KEY = "sk-of-a-caller"


def granted(proxy: Proxy, key: str = MASTER, **said: object) -> Grant:
    """Return the grant of a chat."""
    asked = parse_chat({"model": "fast", "messages": MESSAGES, **said})
    return proxy.gateway.grants.of(proxy.gateway.keyring.identify(key, 0.0), asked)


def request(proxy: Proxy, **said: object) -> Request:
    """Return what a chat asks of whoever answers it."""
    return granted(proxy).call(parse_chat({"model": "fast", "messages": MESSAGES, **said})).request


async def test_a_second_call_finds_what_the_first_has_found_out(proxy: Proxy) -> None:
    assert granted(proxy) is granted(proxy, temperature=0.5)
    assert granted(proxy) is not granted(proxy, stream=True)


async def test_a_call_says_nothing_of_what_another_said(proxy: Proxy) -> None:
    first = request(proxy, temperature=0.5, seed=1, own=2)
    assert (first.params, first.extra_body) == ({"seed": 1, "temperature": 0.5}, {"own": 2})
    second = request(proxy, messages=[{"role": "user", "content": "bye"}], top_k=3)
    assert (second.params, second.extra_body) == ({"top_k": 3}, {})
    assert second.messages == [{"role": "user", "content": "bye"}]
    calls = [granted(proxy).call(parse_chat({"model": "fast", "messages": MESSAGES})) for _ in range(2)]
    assert calls[0].attempts is not calls[1].attempts
    assert calls[0].scope is not calls[1].scope


async def test_a_wrong_argument_is_named_each_time(proxy: Proxy) -> None:
    for _ in range(2):
        with pytest.raises(BadRequestError, match="temperature"):
            request(proxy, temperature="hot")


async def test_a_key_that_may_less_from_now_on_is_held_to_it(proxy: Proxy) -> None:
    holder = await proxy.add_key(KEY)
    before = granted(proxy, KEY)
    await proxy.gateway.spending.flush()
    assert granted(proxy, KEY) is before  # nothing has changed
    await proxy.gateway.store.put([Holder(kind="key", name=holder.name, models=("other",))])
    await proxy.gateway.spending.flush()
    with pytest.raises(Refusal, match="may not use"):
        granted(proxy, KEY)


async def test_a_new_configuration_is_looked_at_anew(proxy: Proxy) -> None:
    granted(proxy)
    (only,) = proxy.gateway.config.deployments
    proxy.gateway.reconfigure(replace(proxy.gateway.config, deployments=(replace(only, model_name="slow"),)))
    with pytest.raises(Refusal, match="no model 'fast'"):
        granted(proxy)


async def test_the_most_that_a_call_may_come_to_is_that_of_the_dearest_deployment(
    provider: ProviderServer, tmp_path: Path
) -> None:
    own = ", max_tokens: 100, input_cost_per_token: 0.001, output_cost_per_token: 0.01"
    async with running(config(provider, params=own), provider, tmp_path) as proxy:
        tokens, usd = granted(proxy).most(request(proxy))
        assert 100 < tokens < 120
        assert 1.0 < usd < 1.1
        assert granted(proxy).most(request(proxy, max_tokens=1000))[0] > 1000


async def test_a_group_that_stands_in_is_asked_the_same(provider: ProviderServer, tmp_path: Path) -> None:
    settings = config(provider, more="litellm_settings: {fallbacks: [{fast: [other]}]}\n")
    (only,) = settings.deployments
    settings = replace(settings, deployments=(only, replace(only, model_name="other", model_info={"id": "second"})))
    provider.enqueue(status(500))
    async with running(settings, provider, tmp_path) as proxy, proxy.chat(temperature=0.5) as reply:
        assert reply.status == 200
    sent = [entry.json for entry in provider.log]
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert sent[1]["messages"] == MESSAGES


async def test_names_behind_a_wildcard_do_not_pile_up(
    provider: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grant, "MOST_GRANTS", 3)
    settings = config(provider)
    (only,) = settings.deployments
    async with running(replace(settings, deployments=(replace(only, model_name="*"),)), provider, tmp_path) as proxy:
        for number in range(5):
            granted(proxy, model=f"m{number}")
        assert len(proxy.gateway.grants) <= 3
