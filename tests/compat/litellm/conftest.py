from __future__ import annotations

from collections.abc import Iterator

import pytest

from aiollm.compat.litellm.settings import SETTINGS
from aiollm.testing import ProviderServer


@pytest.fixture(autouse=True)
def settings_as_they_were() -> Iterator[None]:
    yield
    SETTINGS.reset()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        running.reply("Fine, thanks!")
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        yield running
