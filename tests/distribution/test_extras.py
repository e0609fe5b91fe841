"""Each extra can be had without the others, and then its part of the package can be imported."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests import ROOT
from tests.distribution.place import Place

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = sorted({*PROJECT["optional-dependencies"]} - {"test"})
SMALL = {
    "postgres": "asyncpg",
    "progress": "rich",
    "prometheus": "aiollm.integrations.prometheus",
    "proxy": "aiollm.proxy.app",
    "redis": "redis.asyncio",
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_is_found_without_the_others(extra: str, place: Place, wheel: Path) -> None:
    assert "Would" in place.would_install(f"{wheel}[{extra}]")


@pytest.mark.parametrize("extra", SMALL)
def test_a_small_extra_works_without_the_others(extra: str, wheel: Path, tmp_path: Path) -> None:
    place = Place.make(tmp_path)
    place.install(f"{wheel}[{extra}]")
    done = place.run("python", "-W", "error", "-c", f"import aiollm, {SMALL[extra]}")
    assert (done.returncode, done.stderr) == (0, "")
