"""A scripted provider in the place of OpenAI, told to the blocks by the environment."""

from collections.abc import Iterator

import pytest

from aiollm.testing import ProviderServer
from tests.documents.block import PAGES

collect_ignore_glob = [] if PAGES.is_dir() else ["test_block.py", "test_page_*.py", "test_programs.py"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        yield running
