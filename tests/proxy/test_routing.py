"""Workers that share nothing keep, together, to the limits of a deployment."""

from __future__ import annotations

from pathlib import Path

from aiollm.testing import ProviderServer
from tests.proxy.serving import config, running


async def test_a_worker_of_two_lets_half_of_a_deployments_limit_through(
    provider: ProviderServer, tmp_path: Path
) -> None:
    settings = config(provider, params=", rpm: 2")
    async with running(settings, provider, tmp_path, workers=2) as proxy:
        async with proxy.chat() as reply:
            assert reply.status == 200
        async with proxy.chat(timeout=0.3) as reply:
            assert reply.status == 504  # it has waited for room
        assert len(provider.log) == 1


async def test_what_is_told_of_a_deployment_is_its_whole_limit(provider: ProviderServer, tmp_path: Path) -> None:
    settings = config(provider, params=", rpm: 2")
    async with running(settings, provider, tmp_path, workers=2) as proxy:
        (entry,) = proxy.gateway.router.get_model_list("fast")
        assert entry["litellm_params"]["rpm"] == 2
