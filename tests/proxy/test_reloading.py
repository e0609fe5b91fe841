"""Another configuration for a worker that serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiollm.proxy import reloading
from aiollm.proxy.config import read_config
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.reloading import keep_current, take_over
from aiollm.testing import ProviderServer, role, stall, tokens
from tests.proxy.serving import MASTER, Proxy, running

TEXT = """
model_list:
  - model_name: {name}
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "{base}", api_key: sk-upstream}}
general_settings:
  master_key: {master}
"""


class Written:
    """A configuration in a file."""

    def __init__(self, path: Path, provider: ProviderServer) -> None:
        self.path = path
        self._provider = provider

    def write(self, name: str = "fast", *, master: str = MASTER, more: str = "") -> None:
        self.path.write_text(TEXT.format(name=name, base=self._provider.base_url, master=master) + more)


@pytest.fixture
def written(provider: ProviderServer, tmp_path: Path) -> Written:
    written = Written(tmp_path / "config.yaml", provider)
    written.write()
    return written


@pytest.fixture
async def served(written: Written, provider: ProviderServer, tmp_path: Path) -> AsyncIterator[Proxy]:
    """Return a worker that serves the file."""
    async with running(read_config(written.path).require(), provider, tmp_path) as proxy:
        yield proxy


def reload(gateway: Gateway, path: Path, *, needs_key: bool) -> bool:
    return take_over(gateway, path, read_config(path), needs_key=needs_key)


async def status(proxy: Proxy, *, model: str = "fast", key: str = MASTER) -> int:
    async with proxy.chat(model=model, key=key) as reply:
        return int(reply.status)


async def test_other_models_and_another_master_key_are_taken_over(served: Proxy, written: Written) -> None:
    written.write("slow", master="sk-another")
    assert reload(served.gateway, written.path, needs_key=True)
    assert await status(served, model="slow", key="sk-another") == 200
    assert await status(served, model="slow", key=MASTER) == 401
    assert await status(served, model="fast", key="sk-another") == 404


async def test_what_is_known_of_deployments_stays_where_only_the_list_changes(served: Proxy, written: Written) -> None:
    router = served.gateway.router
    written.write("slow")
    assert reload(served.gateway, written.path, needs_key=True)
    assert served.gateway.router is router
    written.write("slow", more="router_settings: {num_retries: 1}\n")
    assert reload(served.gateway, written.path, needs_key=True)
    assert served.gateway.router is not router


@pytest.mark.parametrize("text", ["model_list: [", "model_list: {}\ngeneral_settings: {master_key: 5}\n", "\x00"])
async def test_a_file_with_a_fault_leaves_the_one_before(
    served: Proxy, written: Written, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    written.path.write_text(text)
    assert not reload(served.gateway, written.path, needs_key=True)
    assert "config.yaml:1" in caplog.text or "config.yaml:2" in caplog.text
    assert await status(served) == 200


async def test_a_key_cannot_get_lost_where_others_can_reach_the_proxy(served: Proxy, written: Written) -> None:
    written.write(master="null")
    assert not reload(served.gateway, written.path, needs_key=True)
    assert reload(served.gateway, written.path, needs_key=False)


async def test_a_call_that_goes_on_keeps_what_it_began_with(served: Proxy, written: Written) -> None:
    served.provider.script([role(), tokens("a b"), stall(0.2)])
    async with served.chat(stream=True) as reply:
        await reply.content.readany()
        written.write("slow", more="router_settings: {num_retries: 1}\n")
        assert reload(served.gateway, written.path, needs_key=True)
        assert "upstream_truncated" in await reply.text()


async def test_a_change_of_the_file_and_a_wish_are_followed(
    served: Proxy, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "WATCH_SECONDS", 0.02)
    wanted, marks = asyncio.Event(), read_config(written.path).marks
    following = asyncio.create_task(keep_current(served.gateway, written.path, marks, wanted, needs_key=True))
    await asyncio.sleep(0)
    before = served.gateway.config
    try:
        async with asyncio.timeout(5):
            written.write("slow", more="\n")
            while served.gateway.config.groups != ("slow",):  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)
            changed = served.gateway.config
            wanted.set()
            while served.gateway.config is changed:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)
    finally:
        following.cancel()
    assert before.groups == ("fast",)
