"""The tables of `docs/providers.md`, made from the catalogue: `python3 -m tests.documents.providers` writes them anew.

It needs aiollm's own environment: `python3 -m tests` makes one.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from aiollm.dialects.table import dialect_of
from aiollm.providers.catalog import read_catalog
from aiollm.providers.environment import is_option
from aiollm.providers.identity import IDENTITIES
from aiollm.providers.provider import Provider
from benchmarks.failures.report import between_markers
from benchmarks.markdown import table
from tests import ROOT

PAGE = ROOT / "docs" / "providers.md"
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


def own_formats(catalog: dict[str, Provider]) -> list[tuple[str, Provider]]:
    """The rows that speak a format of their own, and what they are for some of their models."""
    rows: list[tuple[str, Provider]] = []
    for name, row in catalog.items():
        variants = [
            (f"{name}/{pattern}", replace(row, models={}, **members))
            for pattern, members in row.models.items()
            if "dialect" in members
        ]
        if not row.refused and (variants or row.dialect != "openai"):
            rows += [(f"{name}/", row), *variants]
    return rows


def openai_compatible(catalog: dict[str, Provider]) -> list[tuple[str, Provider]]:
    """The rows that speak OpenAI's format whatever the model is."""
    own = {row.name for _, row in own_formats(catalog)}
    return [(f"{name}/", row) for name, row in catalog.items() if not row.refused and name not in own]


def counts(catalog: dict[str, Provider]) -> str:
    """How many providers there are, as README and page say it."""
    own = {row.name for _, row in own_formats(catalog)}
    return f"{len(openai_compatible(catalog))} OpenAI-compatible providers and {len(own)} with a format of their own"


def sections(catalog: dict[str, Provider]) -> dict[str, list[str]]:
    """The lines between each pair of markers."""
    own = [
        [
            f"`{prefix}`",
            FORMATS[row.dialect],
            STREAMS[dialect_of(row.dialect).framer().content_type],
            *(("the same", "the same") if "*" in prefix else (_keys(row), _places(row))),
            _names(sorted(row.unsupported)),
        ]
        for prefix, row in own_formats(catalog)
    ]
    others = [
        [f"`{prefix}`", _keys(row), _places(row), _names(sorted(row.unsupported))]
        for prefix, row in openai_compatible(catalog)
    ]
    refused = [[f"`{name}/`", str(row.refused)] for name, row in catalog.items() if row.refused]
    return {
        "counts": [f"The catalogue has {counts(catalog)}; {len(refused)} more names are [refused](#refused)."],
        "own formats": list(
            table(["prefix", "format", "streams", "key variables", "base URL variables", "not taken"], own)
        ),
        "openai-compatible": list(table(["prefix", "key variables", "base URL variables", "not taken"], others)),
        "refused": list(table(["prefix", "why, and what to use"], refused)),
    }


def page_with_tables(page: str, catalog: dict[str, Provider]) -> str:
    """The page with the tables that the catalogue gives."""
    for name, lines in sections(catalog).items():
        page = between_markers(page, name, lines)
    return page


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
    PAGE.write_text(page_with_tables(PAGE.read_text("utf-8"), read_catalog()), "utf-8")
