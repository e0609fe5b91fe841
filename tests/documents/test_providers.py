"""The pages of the providers: their tables are what the catalogue says, and the calls that they show run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiollm.dialects.table import NAMES
from aiollm.providers.catalog import read_catalog
from aiollm.testing import ProviderServer
from tests import ROOT
from tests.documents.providers import FOLDER, FORMATS, OVERVIEW, counts, pages_with_tables, rows_of_pages
from tests.documents.reader import programs, run

CATALOG = read_catalog()
PAGES = [*sorted(FOLDER.glob("*.md")), OVERVIEW]
PROGRAMS = [
    pytest.param(code, page, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, code in enumerate(programs(page), 1)
]
KEYS = {
    "AWS_BEARER_TOKEN_BEDROCK": "none",
    "AZURE_API_KEY": "none",
    "CODESTRAL_API_KEY": "none",
    **{f"{name}_API_KEY": "none" for name in ("ANTHROPIC", "COHERE", "DATABRICKS", "GEMINI", "GROQ", "MISTRAL")},
    "HF_TOKEN": "none",
    "WATSONX_TOKEN": "none",
}
PLACES = {  # by what comes behind the server's own address, as the provider's has it
    "": ("ANTHROPIC_API_BASE", "AWS_BEDROCK_RUNTIME_ENDPOINT", "AZURE_API_BASE", "COHERE_API_BASE", "OLLAMA_API_BASE"),
    "/v1": ("DATABRICKS_API_BASE", "GROQ_API_BASE", "HF_API_BASE", "MISTRAL_API_BASE", "WATSONX_API_BASE"),
}


@pytest.mark.parametrize(("code", "page"), PROGRAMS)
def test_a_call_of_a_page_runs(
    code: str, page: Path, server: ProviderServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    for path, names in PLACES.items():
        for name in names:
            monkeypatch.setenv(name, server.url + path)
    monkeypatch.setenv("GEMINI_API_BASE", server.url)
    server.reply("Sunlight scatters", usage={"prompt_tokens": 9, "completion_tokens": 3})
    run(code, page.name)
    assert "Sunlight scatters" in capsys.readouterr().out.replace("\n", "")


def test_the_tables_are_what_the_catalogue_says() -> None:
    made = pages_with_tables(CATALOG)  # else: python3 -m tests.documents.providers
    assert {path.name: text for path, text in made.items()} == {path.name: path.read_text("utf-8") for path in made}


def test_every_page_has_a_table_and_a_call() -> None:
    assert sorted(page.stem for page in FOLDER.glob("*.md")) == sorted(rows_of_pages(CATALOG))
    assert [page.stem for page in FOLDER.glob("*.md") if not programs(page)] == []


def test_every_provider_is_in_one_table() -> None:
    texts = [page.read_text("utf-8").partition("<!-- pages -->") for page in PAGES]
    tables = [before + after.partition("<!-- /pages -->")[2] for before, _, after in texts]
    shown = [name for text in tables for name in re.findall(r"^\| `([^/`]+)/` \|", text, re.MULTILINE)]
    assert sorted(shown) == sorted(CATALOG)


def test_every_wire_format_of_chat_has_a_name() -> None:
    assert NAMES - FORMATS.keys() == {"responses"}  # it is reached by the model, not by a row


def test_the_readme_counts_the_same_providers() -> None:
    assert counts(CATALOG) in " ".join((ROOT / "README.md").read_text("utf-8").split())
