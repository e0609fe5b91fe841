"""What the pages on the policies show runs, and every page can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiollm.testing import ProviderServer
from tests import ROOT
from tests.documents.reader import programs, run

DOCS = ROOT / "docs"
ELSEWHERE = {"cluster.md", "costs.md", "embedding.md", "providers.md"}  # which have tests of their own
PROGRAMS = [
    pytest.param(code, page, id=f"{page.stem}-{number}")
    for page in sorted(DOCS.glob("*.md"))
    if page.name not in ELSEWHERE
    for number, code in enumerate(programs(page), 1)
]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


@pytest.mark.parametrize(("code", "page"), PROGRAMS)
def test_a_program_of_a_page_runs(
    code: str,
    page: Path,
    server: ProviderServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # some keep their answers beside them
    for provider in ("GROQ", "GEMINI"):
        monkeypatch.setenv(f"{provider}_API_KEY", "none")
        monkeypatch.setenv(f"{provider}_API_BASE", server.base_url)
    server.reply("Sunlight scatters", usage={"prompt_tokens": 9, "completion_tokens": 3})
    run(code, page.name)
    assert capsys.readouterr().out.strip()


def test_every_page_is_named_by_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in DOCS.glob("*.md") if f"(docs/{page.name})" not in readme] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
