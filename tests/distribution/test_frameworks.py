"""The models of other frameworks, by the frameworks' own tests, in one environment that has them all."""

from __future__ import annotations

import os
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


@pytest.mark.timeout(600)  # a machine that compiles and imports three frameworks beside other work
def test_the_frameworks_are_content(frameworks: Place) -> None:
    options = ("-q", "-p", "no:cacheprovider", "--benchmark-disable", "-o", "asyncio_mode=auto", "-c", os.devnull)
    places = ("--rootdir", str(frameworks.folder), "--confcutdir", str(FRAMEWORKS))
    files = map(str, sorted(FRAMEWORKS.glob("*.py")))
    done = frameworks.run("python", "-m", "pytest", *options, *places, *files, limit=540)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "76 passed" in done.stdout, done.stdout
