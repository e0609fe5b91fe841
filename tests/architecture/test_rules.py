"""Each rule catches what it is for, and lets its neighbour pass."""

from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.source import Module

BROKEN = [
    (rules.own_imports_inside_functions, "aiollm/a.py", "def f():\n    from aiollm.wire import sse\n"),
    (rules.own_imports_inside_functions, "aiollm/a.py", "class C:\n    async def f(self):\n        import aiollm\n"),
    (rules.global_statements, "aiollm/a.py", "def f():\n    global count\n"),
    (rules.reserved_imports, "aiollm/engine/a.py", "import aiohttp\n"),
    (rules.reserved_imports, "aiollm/engine/a.py", "from aiohttp import ClientSession\n"),
    (rules.reserved_imports, "aiollm/testing/a.py", "from aiohttp import ClientSession, web\n"),
    (rules.reserved_imports, "aiollm/core/a.py", "from aiohttp import web\n"),
    (rules.reserved_imports, "aiollm/core/a.py", "import aiohttp.web_response, aiohttp.web\n"),
    (rules.reserved_imports, "aiollm/proxy/a.py", "from aiohttp import web\n"),
    (rules.reserved_imports, "aiollm/proxy/a.py", "from aiohttp.web_response import Response\n"),
    (rules.reserved_imports, "aiollm/core/pool.py", "from threading import Lock\n"),
    (rules.environment_reads, "aiollm/core/a.py", "import os\nkey = os.environ['KEY']\n"),
    (rules.environment_reads, "aiollm/core/a.py", "from os import getenv\n"),
    (rules.environment_reads, "aiollm/cli/a.py", "import os\nkeys = os.environ\n"),
    (rules.environment_reads, "aiollm/core/a.py", "from urllib.request import getproxies\n"),
    (rules.environment_reads, "aiollm/core/a.py", "import urllib.request\nurllib.request.getproxies()\n"),
    (rules.environment_reads, "aiollm/core/proxies.py", "import os\nproxy = os.environ['HTTP_PROXY']\n"),
    (rules.long_files, "aiollm/a.py", "x = 1\n" * 501),
    (rules.long_functions, "aiollm/a.py", "def f():\n" + "    x = 1\n" * 61),
    (rules.unfinished_code, "aiollm/a.py", "x = 1  # TODO later\n"),
    (rules.unfinished_code, "aiollm/a.py", "def f():\n    raise NotImplementedError('soon')\n"),
    (rules.vague_names, "aiollm/utils.py", ""),
    (rules.vague_names, "aiollm/wire/base_framer.py", ""),
    (rules.vague_names, "aiollm/a.py", "class PoolManager:\n    pass\n"),
]
KEPT = [
    (rules.own_imports_inside_functions, "aiollm/a.py", "import aiollm.wire\n\ndef f():\n    import json\n"),
    (rules.reserved_imports, "aiollm/core/a.py", "import aiohttp\nfrom aiohttp import ClientSession\n"),
    (rules.reserved_imports, "aiollm/testing/a.py", "from aiohttp import web\nimport aiohttp.web\n"),
    (rules.reserved_imports, "aiollm/core/runtime.py", "import threading\n"),
    (rules.environment_reads, "aiollm/providers/registry.py", "import os\nkeys = os.environ\n"),
    (rules.environment_reads, "aiollm/core/proxies.py", "from urllib.request import getproxies\n"),
    (rules.environment_reads, "aiollm/core/a.py", "from urllib.request import Request\n"),
    (rules.environment_reads, "aiollm/local/a.py", "import os\npath = os.fspath('x')\n"),
    (rules.long_files, "aiollm/a.py", "x = 1\n" * 500),
    (rules.long_functions, "aiollm/a.py", 'def f(a):\n    """' + "word\n" * 80 + '"""\n' + "    x = 1\n" * 60),
    (rules.unfinished_code, "aiollm/a.py", "todo = 'XXXL'\n"),
    (rules.vague_names, "aiollm/dialects/base.py", "class Pool:\n    pass\n"),
]


def module(folder: Path, where: str, text: str) -> Module:
    path = folder / where
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return Module(folder, path)


@pytest.mark.parametrize(("rule", "where", "text"), BROKEN)
def test_a_breach_is_found(rule: rules.Rule, where: str, text: str, tmp_path: Path) -> None:
    assert [*rule(module(tmp_path, where, text))]


@pytest.mark.parametrize(("rule", "where", "text"), KEPT)
def test_what_is_allowed_passes(rule: rules.Rule, where: str, text: str, tmp_path: Path) -> None:
    assert [*rule(module(tmp_path, where, text))] == []
