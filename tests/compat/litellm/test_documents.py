"""The blocks of LiteLLM's pages, with nothing changed but where the module comes from."""

from __future__ import annotations

import re

import pytest

from aiollm.testing import ProviderServer
from tests.documents.block import PAGES, Block, blocks

BLOCKS = [
    pytest.param(block, id=f"{page}-{block.name}")
    for page in ("000", "001", "003")
    if PAGES.is_dir()
    for block in blocks(page)
    if "tiktoken" not in block.code and re.search(r"completion\(", block.code)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs_with_only_the_import_changed(
    block: Block, server: ProviderServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code = re.sub(r"from litellm\b", "from aiollm.compat.litellm", block.code)
    code = code.replace('os.environ["OPENAI_API_KEY"] = ""', 'os.environ["OPENAI_API_KEY"] = "none"')
    before = "import aiollm.compat.litellm as litellm\n" + block.before.replace("import aiollm\n", "")
    exec(compile(f"{before}\n{code}", block.name, "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out
    assert "thanks!" in printed or "Function:" in printed or server.log[0].member("tools")
    assert len(server.log) == 1
    assert "rror occurred" not in printed
