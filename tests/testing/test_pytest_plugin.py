"""The plugin, in a run of pytest of its own, where a user's project has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.programs import python

TESTS = """
import aiollm

MESSAGES = [{"role": "user", "content": "Hi"}]


def test_blocking(llm_server, assert_no_leaks):
    llm_server.reply("Hello!")
    assert aiollm.completion("gpt-4o", MESSAGES).choices[0].message.content == "Hello!"
    assert llm_server.log[0].json["model"] == "gpt-4o"


def test_leaking(llm_server, assert_no_leaks):
    from aiollm.testing import role, stall, tokens

    llm_server.script([role(), tokens("a b"), stall()])
    global stream
    stream = aiollm.completion("gpt-4o", MESSAGES, stream=True)


def test_late(virtual_clock):
    import asyncio

    async def sleep():
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert virtual_clock(sleep()) >= 3600
    stream.close()
"""
PLAIN = """
import sys


def test_nothing_is_imported_that_nobody_uses():
    assert "pytest_aiollm" in sys.modules
    assert "aiollm" not in sys.modules
"""


def run(folder: Path, tests: str) -> str:
    (folder / "test_app.py").write_text(tests)
    options = ("-p", "no:cacheprovider", "-p", "pytest_aiollm", "-q", "--rootdir", str(folder), str(folder))
    # Without the plugins that are installed, this one among them, as it may be.
    return python("-m", "pytest", *options, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1").stdout


def test_the_fixtures_serve_and_find_leaks(tmp_path: Path) -> None:
    printed = run(tmp_path, TESTS)
    assert "3 passed, 1 error" in printed
    assert "LeakError: left open: 1 open stream" in printed


@pytest.mark.slow
def test_a_project_that_does_not_use_it_does_not_wait_for_it(tmp_path: Path) -> None:
    assert "1 passed" in run(tmp_path, PLAIN)
