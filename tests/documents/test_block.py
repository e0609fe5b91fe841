"""What runs here is what the documents say, and all of it."""

import re
import textwrap
from pathlib import Path

import pytest

from tests import CORPUS
from tests.documents.block import Block, blocks

FENCE = re.compile(r"^```(\w*) *\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"\bcompletion\(|^for .* in |^import |^from .* import ", re.MULTILINE)
COUNTS = {"000": 4, "001": 3, "003": 11, "004": 10}


@pytest.fixture(scope="module")
def documents() -> Path:
    """Return the folder of the documents beside the checkout."""
    folder = CORPUS.parent / "seeds"
    if not folder.is_dir():
        pytest.skip(f"no documents at {folder}")
    return folder


def document(folder: Path, page: str) -> str:
    (path,) = folder.glob(f"{page}_*")
    return path.read_text(encoding="utf-8")


def lines(text: str) -> list[str]:
    """Return what is on the lines of a text; two pages lost their indentation."""
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(("page", "count"), COUNTS.items())
def test_every_block_of_a_page_is_found(page: str, count: int) -> None:
    assert len(blocks(page)) == count


@pytest.mark.parametrize(("page", "ours"), [("000", "000"), ("001", "001"), ("002", "001"), ("004", "004")])
def test_the_blocks_are_those_of_the_page(page: str, ours: str, documents: Path) -> None:
    fenced = [code for kind, code in FENCE.findall(document(documents, page)) if kind != "bash"]
    assert [lines(block.code) for block in blocks(ours)] == [*map(lines, fenced)]


def test_the_blocks_of_the_page_without_fences_are_all_its_code(documents: Path) -> None:
    rest = "\n".join(lines(document(documents, "003")))
    for block in blocks("003"):
        code = "\n".join(lines(block.code))
        before, found, rest = rest.partition(code)
        assert found, f"{block.name} is not in the page"
        assert not CODE.search(before), f"code before {block.name} is left out"
    assert not CODE.search(rest)


def test_the_repairs_change_imports_the_empty_key_and_the_long_wait_only() -> None:
    code = """\
        from litellm import completion
        from litellm.exceptions import Timeout
        from ritellm import acompletion
        litellm.stream_chunk_builder(chunks)
        os.environ["OPENAI_API_KEY"] = ""
        completion(model="gpt-4", timeout=10.0)
    """
    repaired = """\
        from aiollm import completion
        from aiollm.exceptions import Timeout
        from aiollm.compat.ritellm import acompletion
        aiollm.stream_chunk_builder(chunks)
        os.environ["OPENAI_API_KEY"] = "none"
        completion(model="gpt-4", timeout=0.5)
    """
    assert lines(Block("000", "all of them", textwrap.dedent(code)).source) == lines(repaired)
