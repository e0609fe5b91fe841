"""The proxy that real clients call, with a model of OpenAI's format behind it and one of Anthropic's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from aiollm.providers.environment import Environment
from aiollm.proxy.config import Config, parse_config
from aiollm.proxy.config.reader import Source
from aiollm.testing import ProviderServer
from tests.proxy.clients.wishes import granted
from tests.proxy.serving import MASTER, Proxy, running


def served(provider: ProviderServer) -> Config:
    """Return the configuration with the models "fast" and "claude"."""
    text = f"""
model_list:
  - model_name: fast
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "{provider.base_url}", api_key: sk-upstream}}
  - model_name: claude
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_base: "{provider.url}", api_key: sk-upstream}}
router_settings: {{num_retries: 0, disable_cooldowns: true}}
general_settings: {{master_key: {MASTER}}}
"""
    return parse_config([Source("config.yaml", text)], Environment({})).require()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxy]:
    """Return a worker of the proxy whose provider does what its callers wish, for all tests of a client."""
    async with ProviderServer() as provider:
        for path in ("/v1/chat/completions", "/v1/messages"):
            provider.script(granted, path=path)
        async with running(served(provider), provider, tmp_path_factory.mktemp("proxy")) as proxy:
            yield proxy
