"""The pytest plugin: `llm_server`, `assert_no_leaks` and `virtual_clock`.

It lies beside the package, not in it, because pytest loads the plugins of everything that is installed: a project that
uses none of these fixtures must not wait until the package is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aiollm.testing import ProviderServer


@pytest.fixture
def llm_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    """Give a scripted provider on loopback, in the place of OpenAI: OPENAI_BASE_URL and OPENAI_API_KEY point at it.

    It runs on a thread of its own, and so serves blocking and asynchronous tests; `llm_server.script(...)` says what it
    answers, `llm_server.log` what it saw. A script that fails fails the test.
    """
    from aiollm.testing import ProviderServer

    with ProviderServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        yield server


@pytest.fixture
def assert_no_leaks() -> Iterator[None]:
    """Fail a test that leaves a stream of aiollm open, or a thread running."""
    from aiollm.testing import no_leaks

    with no_leaks():
        yield


@pytest.fixture
def virtual_clock() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Give `run_in_virtual_time`: it runs a coroutine on a clock that jumps over every wait."""
    from aiollm.testing import run_in_virtual_time

    return run_in_virtual_time
