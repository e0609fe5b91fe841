"""The site is made of every page, no link of it leads nowhere, and its reference has every public name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import aiollm
from tests import ROOT

pytestmark = pytest.mark.slow  # ten seconds, and the same on every interpreter


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    made = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},  # its theme's word on a successor
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    return folder


def test_every_page_has_a_place_in_the_site(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    start = (site / "index.html").read_text(encoding="utf-8")
    assert [page for page in pages if f'href="{page.with_suffix(".html").as_posix()}"' not in start] == []


def test_the_reference_has_every_public_name_once(site: Path) -> None:
    pages = [page.read_text(encoding="utf-8") for page in (site / "reference").glob("*.html")]
    places = [name for page in pages for name in re.findall(r'<h2 id="aiollm\.(\w+)"', page)]
    assert sorted(places) == sorted({*aiollm.__all__} - {"__version__"})


def test_links_out_of_the_folder_lead_to_pages_of_the_site(site: Path) -> None:
    page = (site / "what-happens.html").read_text(encoding="utf-8")
    assert 'href="outside/benchmarks/results/failures.html"' in page


def test_nothing_is_fetched_from_anybody_else(site: Path) -> None:
    pages = [page.read_text(encoding="utf-8") for page in site.rglob("*.html")]
    fetched = re.compile(
        r'<(?:script|img|iframe)[^>]*src="(https?:[^"]*)|<link[^>]*rel="stylesheet"[^>]*href="(https?:[^"]*)'
    )
    assert [found for page in pages for found in fetched.findall(page)] == []
