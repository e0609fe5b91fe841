"""The tables of the providers' pages, made from the catalogue: `python3 -m tests.documents.providers` writes them anew.

It needs aiollm's own environment: `python3 -m tests` makes one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from aiollm.dialects.table import dialect_of
from aiollm.providers.catalog import read_catalog
from aiollm.providers.environment import is_option
from aiollm.providers.identity import IDENTITIES
from aiollm.providers.provider import Provider
from benchmarks.failures.report import between_markers
from benchmarks.markdown import table
from tests import ROOT

OVERVIEW = ROOT / "docs" / "providers.md"
FOLDER = ROOT / "docs" / "providers"
OWN_PAGES = {
    "anthropic": ("anthropic",),
    "azure": ("azure", "azure_ai"),
    "bedrock": ("bedrock", "bedrock_mantle", "sagemaker_chat", "sagemaker_nova"),
    "cohere": ("cohere", "cohere_chat"),
    "databricks": ("databricks",),
    "gemini": ("gemini", "vertex_ai"),
    "huggingface": ("huggingface",),
    "mistral": ("mistral", "codestral"),
    "ollama": ("ollama", "ollama_chat"),
    "openai": ("openai", "custom_openai"),
    "watsonx": ("watsonx",),
}
"""The pages that are not all others', by the prefixes they are about."""
OTHERS = "openai-compatible"
FORMATS = {
    "anthropic": "Anthropic's Messages",
    "anthropic_foundry": "Anthropic's Messages",
    "anthropic_vertex": "Anthropic's Messages",
    "cohere": "Cohere's chat, version 2",
    "converse": "Bedrock's Converse",
    "gemini": "Gemini's generateContent",
    "invoke_claude": "Anthropic's Messages in InvokeModel",
    "invoke_llama": "Llama's prompts in InvokeModel",
    "invoke_mistral": "Mistral's prompts in InvokeModel",
    "invoke_nova": "Converse in InvokeModel",
    "invoke_openai": "OpenAI's chat in InvokeModel",
    "ollama": "Ollama's chat",
    "openai": "OpenAI's chat",
    "sagemaker": "OpenAI's chat in InvokeEndpoint",
}
STREAMS = {
    "application/vnd.amazon.eventstream": "AWS event stream",
    "application/x-ndjson": "JSON lines",
    "text/event-stream": "server-sent events",
}


def with_variants(row: Provider) -> list[tuple[str, Provider]]:
    """A row, and what it is for those of its models that are spoken to in another format."""
    variants = [
        (f"{row.name}/{pattern}", replace(row, models={}, **members))
        for pattern, members in row.models.items()
        if "dialect" in members
    ]
    return [(f"{row.name}/", row), *variants]


def has_own_format(row: Provider) -> bool:
    """Whether some of its models are spoken to in another format than OpenAI's."""
    return any(variant.dialect != "openai" for _, variant in with_variants(row))


def counts(catalog: dict[str, Provider]) -> str:
    """How many providers there are, as README and page say it."""
    own = [has_own_format(row) for row in catalog.values() if not row.refused]
    return f"{own.count(False)} OpenAI-compatible providers and {own.count(True)} with a format of their own"


def rows_of_pages(catalog: dict[str, Provider]) -> dict[str, list[Provider]]:
    """The rows that each page is about."""
    pages = {page: [catalog[name] for name in names] for page, names in OWN_PAGES.items()}
    told = {name for names in OWN_PAGES.values() for name in names}
    return {**pages, OTHERS: [row for row in catalog.values() if not row.refused and row.name not in told]}


def pages_with_tables(catalog: dict[str, Provider]) -> dict[Path, str]:
    """The pages with the tables that the catalogue gives."""
    pages = {FOLDER / f"{page}.md": {"rows": _rows(rows)} for page, rows in rows_of_pages(catalog).items()}
    pages[OVERVIEW] = _overview(catalog)
    return {path: _with_tables(path.read_text("utf-8"), tables) for path, tables in pages.items()}


def _with_tables(page: str, tables: dict[str, list[str]]) -> str:
    for name, lines in tables.items():
        page = between_markers(page, name, lines)
    return page


def _rows(rows: Iterable[Provider]) -> list[str]:
    """The table of a page."""
    variants = [variant for row in rows for variant in with_variants(row)]
    cells = [
        [
            f"`{prefix}`",
            FORMATS[row.dialect],
            *(("the same", "the same") if "*" in prefix else (_keys(row), _places(row))),
            _names(sorted(row.unsupported)),
        ]
        for prefix, row in variants
    ]
    head = ["prefix", "format", "key variables", "base URL variables", "not taken"]
    if {row.dialect for _, row in variants} == {"openai"}:
        head, cells = [head[0], *head[2:]], [[cell[0], *cell[2:]] for cell in cells]
    return list(table(head, cells))


def _overview(catalog: dict[str, Provider]) -> dict[str, list[str]]:
    """The tables of the overview."""
    refused = [[f"`{name}/`", str(row.refused)] for name, row in catalog.items() if row.refused]
    pages = [
        [f"[{_title(page)}](providers/{page}.md)", _names(f"{row.name}/" for row in rows), *_spoken(rows)]
        for page, rows in rows_of_pages(catalog).items()
        if page != OTHERS
    ]
    return {
        "counts": [f"The catalogue has {counts(catalog)}; {len(refused)} more names are [refused](#refused)."],
        "pages": list(table(["page", "prefixes", "formats", "streams"], pages)),
        "refused": list(table(["prefix", "why, and what to use"], refused)),
    }


def _spoken(rows: Iterable[Provider]) -> tuple[str, str]:
    """The formats of rows and their models, and what their streams are."""
    dialects = list(dict.fromkeys(variant.dialect for row in rows for _, variant in with_variants(row)))
    streams = (STREAMS[dialect_of(name).framer().content_type] for name in dialects)
    return "; ".join(dict.fromkeys(FORMATS[name] for name in dialects)), ", ".join(dict.fromkeys(streams))


def _title(page: str) -> str:
    return (FOLDER / f"{page}.md").read_text("utf-8").partition("\n")[0].removeprefix("# ")


def _keys(row: Provider) -> str:
    """The variables of a key, in order, and what else may say who calls."""
    found = _names((*row.key_env, *row.token_env))
    if row.identity:
        identity = IDENTITIES[row.identity]
        told = [names for option, names in identity.options.items() if option in identity.caller]
        found = " or ".join(filter(None, [found, _variables(name for names in told for name in names)]))
    if row.key_optional:
        return f"{found} (optional)" if found else "none"
    return found or "none"


def _places(row: Provider) -> str:
    """The variables of a base URL, in order, and of the parts of it that are the caller's own."""
    parts = [f"{part}: {_variables(names)}" for part, names in row.placeholders.items()]
    versions = [f"version: {_names(row.api_version_env)}"] if row.api_version_env else []
    needed = "" if row.base_url or row.serve else "needed: "
    own = _variables(row.base_url_env) or (needed and "`api_base=`")
    return "; ".join(filter(None, [f"{needed}{own}", *parts, *versions]))


def _variables(names: Iterable[str]) -> str:
    """The environment variables among names; the others are options of a call."""
    return _names(name for name in names if not is_option(name))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    for path, text in pages_with_tables(read_catalog()).items():
        path.write_text(text, "utf-8")
