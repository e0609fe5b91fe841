"""The models of other frameworks, by the frameworks' own tests, in one environment that has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import ROOT
from tests.distribution.place import Place

FRAMEWORKS = ROOT / "tests" / "frameworks"
PLUGINS = ("pytest>=8.4", "pytest-asyncio>=1.0", "pytest-timeout", "langchain-tests>=1.0")


@pytest.fixture(scope="module")
def frameworks(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place.make(tmp_path_factory.mktemp("frameworks"))
    place.install(f"{wheel}[langchain,llama-index,pydantic-ai]", *PLUGINS)
    return place


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("tests", "passed"), [("langchain_standard.py", 51), ("llama_index_llm.py", 12), ("pydantic_ai_agents.py", 13)]
)
def test_a_framework_is_content(tests: str, passed: int, frameworks: Place) -> None:
    options = ("-q", "-p", "no:cacheprovider", "--benchmark-disable", "-o", "asyncio_mode=auto", "-c", "/dev/null")
    places = ("--rootdir", str(frameworks.folder), "--confcutdir", str(FRAMEWORKS), str(FRAMEWORKS / tests))
    done = frameworks.run("python", "-m", "pytest", *options, *places)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{passed} passed" in done.stdout, done.stdout
