"""Brings pages that lie outside `docs/` into the site, and makes the links between all of them right there.

A page has one text and one place in the repository, where its links are followed by the readers of a checkout.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

FOLDER = "outside/"
BROUGHT = ("CHANGELOG.md", "SECURITY.md", "benchmarks/README.md", "benchmarks/results/*")
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
PROGRAM = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is brought in."""
    root = Path(config.docs_dir).parent
    for pattern in BROUGHT:
        for path in sorted(root.glob(pattern)):
            uri = FOLDER + path.relative_to(root).as_posix()
            files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """Point the links of a page to where their targets are in the site."""
    uri = page.file.src_uri

    def placed(link: re.Match[str]) -> str:
        mark, text, target, anchor = link.groups(default="")
        there = in_site(posixpath.normpath(posixpath.join(posixpath.dirname(in_repository(uri)), target)))
        if files.get_file_from_path(there) is None:
            return text  # source code, which is not part of the site
        return f"{mark}[{text}]({posixpath.relpath(there, posixpath.dirname(uri) or '.')}{anchor})"

    parts = PROGRAM.split(markdown)
    parts[::2] = [LINK.sub(placed, part) for part in parts[::2]]
    return "".join(parts)


def in_repository(uri: str) -> str:
    """Return where a page of the site lies in the repository."""
    return uri.removeprefix(FOLDER) if uri.startswith(FOLDER) else f"docs/{uri}"


def in_site(path: str) -> str:
    """Return where a file of the repository lies in the site, if it does."""
    return path.removeprefix("docs/") if path.startswith("docs/") else FOLDER + path
