"""What a deployment takes and costs: by its entry, or else by the table of models."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm import Budget, BudgetExceededError, Router
from aiollm.router.deployment import Deployment
from aiollm.router_arguments.model_list import DeploymentDefaults, hidden_entries, read_deployment
from aiollm.testing import ProviderServer
from tests.engine.calling import MESSAGES

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}


def deployment(params: dict[str, Any], info: dict[str, Any] | None = None) -> Deployment:
    given = {"model": "openai/gpt-4o", "api_key": "k", **params}
    (entry,) = hidden_entries([{"model_name": "g", "litellm_params": given, "model_info": info or {}}])
    return read_deployment(entry, "model_list[0]", DeploymentDefaults())


def test_what_an_entry_does_not_say_is_known_of_its_model() -> None:
    found = deployment({})
    assert (found.max_input_tokens, found.input_cost_per_token, found.output_cost_per_token) == (128000, 2.5e-6, 1e-5)
    assert found.prices is None  # the table's hold, with all that hangs on the request


def test_a_model_that_nobody_knows_has_neither() -> None:
    found = deployment({"model": "openai/nobody"})
    assert (found.max_input_tokens, found.input_cost_per_token, found.prices) == (None, None, None)


def test_both_prices_of_an_entry_stand_alone() -> None:
    found = deployment({"input_cost_per_token": "1e-6", "output_cost_per_token": 2e-6})
    assert found.prices == {"mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    assert (found.input_cost_per_token, found.max_input_tokens) == (1e-6, 128000)


def test_one_price_goes_over_those_of_the_table_and_none_is_sent() -> None:
    found = deployment({"cache_read_input_token_cost": 1e-9}, {"input_cost_per_token": 1e-6})
    assert found.prices is not None
    given = ("input_cost_per_token", "cache_read_input_token_cost", "output_cost_per_token")
    assert [found.prices[name] for name in given] == [1e-6, 1e-9, 1e-5]
    assert found.defaults.params == {}


def test_a_base_model_says_what_a_deployment_is() -> None:
    found = deployment(
        {"model": "azure/mine", "api_base": "https://a.example"}, {"base_model": "azure/eu/gpt-4o-2024-08-06"}
    )
    assert found.prices is not None
    assert (found.prices["input_cost_per_token"], found.max_input_tokens) == (2.75e-6, 128000)


async def test_an_attempt_is_priced_by_its_deployment() -> None:
    async with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        params = {"model": "openai/gpt-4o", "api_base": server.base_url, "api_key": "k"}
        own = {"input_cost_per_token": 1e-3, "output_cost_per_token": 1e-2}
        router = Router(model_list=[{"model_name": "g", "litellm_params": {**params, **own}}])
        response = await router.acompletion("g", MESSAGES)
        assert response._hidden_params["response_cost"] == pytest.approx(1000 * 1e-3 + 100 * 1e-2)


async def test_a_budget_reserves_for_the_dearest_deployment_and_pays_for_the_one_that_answered() -> None:
    async with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        at = {"api_base": server.base_url, "api_key": "k"}
        dear = {"model": "openai/dear", "input_cost_per_token": 1e-2, "output_cost_per_token": 1e-2, **at}
        cheap = {"model": "openai/gpt-4o", "order": 1, **at}
        listed = [{"model_name": "g", "litellm_params": params} for params in (dear, cheap)]
        budget = Budget(usd=1.2)
        router = Router(model_list=listed, budget=budget)
        with pytest.raises(BudgetExceededError, match=r"up to \$2\."):
            await router.acompletion("g", MESSAGES, max_tokens=200)
        await router.acompletion("g", MESSAGES, max_tokens=100)
        assert budget.spent.usd == pytest.approx(1000 * 2.5e-6 + 100 * 1e-5)
