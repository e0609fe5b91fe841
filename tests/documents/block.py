"""The code blocks of the documents, and the repairs without which they cannot run.

`pages/` holds the blocks as the documents have them. Besides their lost indentation and the names they use without
defining (both repaired there, in the open), they are changed by `REPAIRS` only.
"""

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

from attrs import frozen

PAGES = Path(__file__).parent / "pages"
REPAIRS = (
    (r"\britellm\b", "aiollm.compat.ritellm"),
    (r"\blitellm\b", "aiollm"),
    (r'(os\.environ\["OPENAI_API_KEY"\] = )""', r'\1"none"'),
    (r"timeout=10\.0", "timeout=0.5"),  # seconds: the wait is the same thing, only shorter
)
_BLOCK = re.compile(
    r"^## (?P<name>.+)\n(?:\n```python before\n(?P<before>(?:.*\n)*?)```\n)?"
    r"\n```python\n(?P<code>(?:.*\n)*?)```\n(?:\n```python after\n(?P<after>(?:.*\n)*?)```\n)?",
    re.MULTILINE,
)


@frozen
class Block:
    """One block of a page.

    Attributes:
        page: the page's number.
        name: its heading.
        code: what the page says.
        before, after: what is supplied around it.
    """

    page: str
    name: str
    code: str
    before: str = ""
    after: str = ""

    @property
    def source(self) -> str:
        """The program: the repaired code with what is supplied around it."""
        code = self.code
        for found, put in REPAIRS:
            code = re.sub(found, put, code)
        return f"{self.before}\n{code}\n{self.after}"

    def replace(self, old: str, new: str) -> "Block":
        """Return the block with another piece of code in the place of one it must have."""
        assert old in self.code
        return Block(self.page, self.name, self.code.replace(old, new), self.before, self.after)

    def run(self) -> dict[str, Any]:
        """Run the program as `python -m asyncio` would, `await` outside of functions included; return its names."""
        name = f"page {self.page}, {self.name}"
        program = compile(self.source, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        names: dict[str, Any] = {"__name__": "__main__"}
        outcome = eval(program, names)
        if inspect.iscoroutine(outcome):
            asyncio.run(outcome)
        return names


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in their order."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    return [
        Block(page, **{key: part or "" for key, part in found.groupdict().items()}) for found in _BLOCK.finditer(text)
    ]


def block(page: str, name: str) -> Block:
    """Return one block of a page."""
    return next(found for found in blocks(page) if found.name == name)
