"""A scripted provider in the place of OpenAI, told to the blocks by the environment."""

from collections.abc import Iterator

import pytest

from aiollm.testing import ProviderServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        yield running
