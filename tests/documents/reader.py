"""The reader of a page, who types in what it shows."""

from __future__ import annotations

import ast
import asyncio
import inspect
from pathlib import Path
from typing import Any

import aiollm
from tests.documents.test_block import FENCE

MESSAGES: list[dict[str, Any]] = [{"role": "user", "content": "Why is the sky blue?"}]


async def my_app(base_url: str) -> None:
    """Ask as a reader might, and survive what comes."""
    try:
        async for _ in await aiollm.acompletion("gpt-4o", MESSAGES, api_base=base_url, stream=True):
            pass
    except aiollm.APIError:
        pass


def programs(page: Path) -> list[str]:
    """Return the programs that a page shows."""
    return [code for kind, code in FENCE.findall(page.read_text(encoding="utf-8")) if kind == "python"]


def run(code: str, page: str) -> list[Any]:
    """Run a program, and the tests that it defines; return those."""
    program = compile(code, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, Any] = {"__name__": "__main__", "aiollm": aiollm, "messages": MESSAGES, "my_app": my_app}
    outcome = eval(program, names)
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    for test in tests:
        asyncio.run(test())
    return tests
